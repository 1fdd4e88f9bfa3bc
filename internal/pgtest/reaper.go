package pgtest

import (
	"fmt"
	"os/exec"
	"syscall"
)

// reap ends the server and removes its directory once nobody writes to its input any more: when the test is done, and also
// when the test process is killed. Each line of its input is the server's process id, or empty while there is none.
const reap = `pid=
while read -r line; do pid=$line; done
if [ -n "$pid" ]; then
	kill -CONT "$pid"; kill -QUIT "$pid"
	n=0
	while kill -0 "$pid" && [ $n -lt 100 ]; do n=$((n+1)); sleep 0.05; done
fi 2>/dev/null
rm -rf "$1"
`

// startReaper starts a shell that outlives us by a moment.
func (s *Server) startReaper() error {
	cmd := exec.Command("/bin/sh", "-c", reap, "reap", s.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the test
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	s.reaper = in
	return cmd.Start()
}

// tellReaper says which process it will have to end.
func (s *Server) tellReaper() {
	if s.cmd == nil {
		fmt.Fprintln(s.reaper)
	} else {
		fmt.Fprintln(s.reaper, s.cmd.Process.Pid)
	}
}
