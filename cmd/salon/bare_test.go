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

// bareWriterEnv makes the test program a bareWriter.
const bareWriterEnv = "SALON_TEST_BARE_WRITER"

// bareWrite is the CPU that a process without TLS, XML or rooms needs on this machine to write 450 bytes to one of 500 sockets,
// at the pace of the test of a room: what is the system's in a delivery.
func bareWrite(t *testing.T) time.Duration {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), bareWriterEnv+"=1"), os.Stderr
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
	for range occupants {
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
func bareWriter() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	var conns []net.Conn
	for range occupants {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		conns = append(conns, c)
	}
	data, n, before := make([]byte, 450), 0, cpuOfThis()
	tick := time.NewTicker(time.Second / pace)
	defer tick.Stop()
	for began := time.Now(); time.Since(began) < pacedFor; <-tick.C {
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
