package pgtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// process is what we know of one of the system's.
type process struct {
	parent int
	zombie bool
}

// processes lists the system's: from /proc, or where that is not, from ps.
func processes() map[int]process {
	all := map[int]process{}
	add := func(pid, parent, state string) {
		if n, err := strconv.Atoi(pid); err == nil {
			p, _ := strconv.Atoi(parent)
			all[n] = process{parent: p, zombie: strings.HasPrefix(state, "Z")}
		}
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		// "12 (the name) S 1 …": the name may hold anything, parentheses too.
		pid, _, _ := strings.Cut(string(text), " ")
		rest := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if len(rest) > 1 {
			add(pid, rest[1], rest[0])
		}
	}
	if len(all) > 0 {
		return all
	}
	out, _ := exec.Command("ps", "-A", "-o", "pid=", "-o", "ppid=", "-o", "stat=").Output()
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) > 2 {
			add(f[0], f[1], f[2])
		}
	}
	return all
}

// anyRuns says whether one of these processes runs. One that ended and was not asked after (a zombie) does not.
func anyRuns(pids []int) bool {
	all := processes()
	for _, pid := range pids {
		if p, ok := all[pid]; ok && !p.zombie {
			return true
		}
	}
	return false
}
