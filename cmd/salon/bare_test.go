package main_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bareWriterEnv makes the test program a bareWriter: to how many sockets, and how often a second, 0 for as often as it can.
const bareWriterEnv = "SALON_TEST_BARE_WRITER"

// bareWrite is the CPU that a process without TLS, XML or rooms needs on this machine to write 450 bytes to one of so many
// sockets, each of them so many times a second (0: as often as it can): what is the system's in a delivery.
func bareWrite(t *testing.T, sockets, pace int) time.Duration {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), fmt.Sprintf("%s=%d %d", bareWriterEnv, sockets, pace)), os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	addr, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	for range sockets {
		c, err := net.Dial("tcp", strings.TrimSpace(addr))
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			_, _ = io.Copy(io.Discard, c) // until the writer ends
			_ = c.Close()
		}()
	}
	var cost time.Duration
	if _, err := fmt.Fscan(lines, (*int64)(&cost)); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return cost
}

// bareWriter prints where it listens, and then what a write cost it, in ns.
func bareWriter(how string) error {
	var sockets, pace int
	if _, err := fmt.Sscan(how, &sockets, &pace); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	var conns []net.Conn
	for range sockets {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		conns = append(conns, c)
	}
	data, n, before := make([]byte, 450), 0, cpuOfThis()
	next := atOnce
	if pace > 0 {
		tick := time.NewTicker(time.Second / time.Duration(pace))
		defer tick.Stop()
		next = func() { <-tick.C }
	}
	for began := time.Now(); time.Since(began) < pacedFor; next() {
		for _, c := range conns {
			if _, err := c.Write(data); err != nil {
				return err
			}
			n++
		}
	}
	fmt.Println(int64(cpuOfThis()-before) / int64(n))
	return nil
}

// cpuOfThis is the CPU time of this process.
func cpuOfThis() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r) // fails for a bad argument alone
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
