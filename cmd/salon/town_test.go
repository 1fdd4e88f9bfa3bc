package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// townSettings let a test send as much as the server takes. What protects the server's memory stays as it is by default. More
// may follow: for rooms, indented.
const townSettings = `hosts: [{name: a.test}]
listen: {c2s: ["127.0.0.1:0"], c2s_direct: ["127.0.0.1:0"], http: "127.0.0.1:0"}
auth: {iterations: 4096, mechanisms: [SCRAM-SHA-256, SCRAM-SHA-1]}
limits: {stanzas_per_second: 100000, stanzas_burst: 100000, bytes_per_second: 1GiB, bytes_burst: 1GiB, connections_exempt: ["127.0.0.0/8"]}
rooms:
  stanzas_per_second: 100000
  stanzas_burst: 100000
`

// town is a server in its own process, as it is built, and people who come to it.
type town struct {
	t *testing.T
	*process
	data            string // its directory
	direct, metrics string // addresses
	guests          []*guest
}

var (
	directTLS = regexp.MustCompile(`(127\.0\.0\.1:\d+) \(direct TLS\)`)
	healthy   = regexp.MustCompile(`(127\.0\.0\.1:\d+) \(health`)
)

// long skips a test of size in ordinary runs.
func long(t *testing.T) {
	t.Helper()
	if os.Getenv("SALON_LONG") == "" {
		t.Skip("a test of size, which takes minutes: run it with SALON_LONG=1, or scripts/test --long")
	}
}

// newTown starts a server with the accounts u0, u1 and so on.
func newTown(t *testing.T, accounts int, more string) *town {
	t.Helper()
	data := dataDir(t)
	file(t, data, "salon.yaml", townSettings+more)
	var users strings.Builder
	for i := range accounts {
		fmt.Fprintf(&users, `{"jid": "u%d@a.test", "password": "secret"}`+"\n", i)
	}
	salon(t, "", "user", "import", file(t, data, "users.jsonl", users.String()), "--data", data).want(t, 0, "added", "")
	p := serve(t, "--data", data)
	w := &town{t: t, process: p, data: data, direct: directTLS.FindStringSubmatch(p.greeting)[1], metrics: healthy.FindStringSubmatch(p.greeting)[1]}
	for i := range accounts {
		w.guests = append(w.guests, &guest{name: fmt.Sprintf("u%d", i)})
	}
	t.Cleanup(func() {
		for _, g := range w.guests {
			if g.Conn != nil {
				_ = g.NetConn().Close()
			}
		}
		if t.Failed() {
			t.Logf("the server says: %.2000s", p.log)
		}
	})
	return w
}

// each does something for every guest, so many at once.
func (w *town) each(guests []*guest, atOnce int, do func(*guest) error) {
	w.t.Helper()
	var (
		next = make(chan *guest)
		wg   sync.WaitGroup
	)
	for range atOnce {
		wg.Go(func() {
			for g := range next {
				if err := do(g); err != nil {
					w.t.Error(err)
				}
			}
		})
	}
	for _, g := range guests {
		next <- g
	}
	close(next)
	wg.Wait()
	if w.t.Failed() {
		w.t.FailNow()
	}
}

// login logs every guest in.
func (w *town) login(atOnce int, mechanism, begin string) {
	w.t.Helper()
	w.each(w.guests, atOnce, func(g *guest) error { return g.login(w.direct, mechanism, begin) })
}

// rss returns the resident memory of the server in bytes.
func (w *town) rss() int {
	w.t.Helper()
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(w.Process.Pid), "status"))
	if err != nil {
		w.t.Skip("memory and CPU are read from /proc, as Linux has it: ", err)
	}
	kb, err := strconv.Atoi(strings.TrimSpace(between(string(status[strings.Index(string(status), "VmRSS:"):]), "VmRSS:", "kB")))
	if err != nil {
		w.t.Fatal(err)
	}
	return kb << 10
}

// cpu returns the time that all threads of the server have run so far, in the kernel too; the kernel counts in steps of 10 ms.
func (w *town) cpu() time.Duration {
	w.t.Helper()
	own, system := w.times()
	return own + system
}

// times returns the time that all threads of the server have run its own code, and that the kernel has run for them.
func (w *town) times() (own, system time.Duration) {
	w.t.Helper()
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(w.Process.Pid), "stat"))
	if err != nil {
		w.t.Skip("memory and CPU are read from /proc, as Linux has it: ", err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:])) // from field 3 on
	var times [2]time.Duration
	for i, f := range fields[11:13] { // utime and stime, in 1/100 s
		n, err := strconv.Atoi(f)
		if err != nil {
			w.t.Fatal(err)
		}
		times[i] = time.Duration(n) * 10 * time.Millisecond
	}
	return times[0], times[1]
}

// per is the CPU time that one of n things took.
func (w *town) per(n int, do func()) time.Duration {
	w.t.Helper()
	before := w.cpu()
	do()
	return (w.cpu() - before) / time.Duration(n)
}

// hold compares the best of some measurements with the bar: what else runs on the machine only adds to a CPU time, so the
// least of them is nearest to the server's own. As processors differ, a test fails at 1.3 times the bar.
func hold(t *testing.T, what string, bar time.Duration, got ...time.Duration) {
	t.Helper()
	best := slices.Min(got)
	t.Logf("%s: %v (of %v), the bar is %v", what, best, got, bar)
	if best > bar*13/10 {
		t.Errorf("%s: %v at best, more than 1.3 times the bar of %v", what, best, bar)
	}
}
