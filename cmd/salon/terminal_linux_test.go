package main_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// terminal opens a pair of a terminal's ends.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals here:", err)
	}
	t.Cleanup(func() { _ = master.Close() })
	ioctl := func(request uintptr, n *uint32) {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), request, uintptr(unsafe.Pointer(n))); errno != 0 {
			t.Skip("no terminals here:", errno)
		}
	}
	var number, unlocked uint32
	ioctl(syscall.TIOCSPTLCK, &unlocked)
	ioctl(syscall.TIOCGPTN, &number)
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals here:", err)
	}
	t.Cleanup(func() { _ = slave.Close() })
	return master, slave
}

// until reads from the terminal up to a text.
func until(t *testing.T, master *os.File, text string) string {
	t.Helper()
	var seen []byte
	buf := make([]byte, 1)
	for !bytes.HasSuffix(seen, []byte(text)) {
		if _, err := master.Read(buf); err != nil {
			t.Fatalf("%q, then %v", seen, err)
		}
		seen = append(seen, buf[0])
	}
	return string(seen)
}

func TestPasswordFromTheTerminal(t *testing.T) {
	data := dataDir(t)
	for _, c := range []struct {
		name, first, second string
		end                 string
	}{
		{"same", "secret\n", "secret\n", "alice@a.test added"},
		{"different", "secret\n", "secert\n", "the two passwords differ"},
		{"interrupted", "secret\n", "\x03", "interrupted: nothing was changed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			master, slave := terminal(t)
			cmd := exec.CommandContext(t.Context(), binary, "user", "add", "alice@a.test", "--data", data)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			_ = slave.Close() // so that reading ends with the program
			out := until(t, master, "Password for alice@a.test: ")
			typeIn(t, master, c.first)
			out += until(t, master, "Once more: ")
			typeIn(t, master, c.second)
			out += until(t, master, c.end)
			if strings.Contains(out, "sec") {
				t.Errorf("the password is on the screen: %q", out)
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); (code == 0) != (c.name == "same") {
				t.Errorf("exit %d", code)
			}
		})
	}
}

// typeIn writes to a terminal once its echo is off, as a person would wait for the prompt.
func typeIn(t *testing.T, master *os.File, s string) {
	t.Helper()
	for mode := (syscall.Termios{Lflag: syscall.ECHO}); mode.Lflag&syscall.ECHO != 0; runtime.Gosched() {
		if t.Context().Err() != nil {
			t.Fatal("the echo stays on")
		}
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), syscall.TCGETS, uintptr(unsafe.Pointer(&mode))); errno != 0 {
			t.Fatal(errno)
		}
	}
	if _, err := master.WriteString(s); err != nil {
		t.Fatal(err)
	}
}

// An import of thousands takes minutes: on a terminal it says how far it is.
func TestImportShowsProgress(t *testing.T) {
	data := dataDir(t)
	file(t, data, "salon.yaml", "hosts: [{name: a.test}]\nauth: {iterations: 4096}\n")
	master, slave := terminal(t)
	cmd := exec.CommandContext(t.Context(), binary, "user", "import", "-", "--data", data)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = slave
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = slave.Close()
	for i := 0; ; i++ {
		if _, err := fmt.Fprintf(in, "{\"jid\": \"u%d@a.test\", \"password\": \"secret\"}\n", i); err != nil {
			t.Fatal(err)
		}
		if i == 1000 {
			break
		}
	}
	until(t, master, " lines read")
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}
