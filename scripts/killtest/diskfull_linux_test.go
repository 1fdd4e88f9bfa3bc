package killtest_test

import (
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A file that may not grow (RLIMIT_FSIZE): the system cuts a write short, and refuses the next ones.
func TestDiskFull(t *testing.T) {
	w := newTown(t, "", 0)
	w.open()
	w.fill(func() {
		log, err := os.Stat(filepath.Join(w.server.data, "salon.db-wal"))
		if err != nil {
			t.Fatal(err)
		}
		w.limit(uint64(log.Size()) + 50_001) // within a page
	}, func() { w.limit(unix.RLIM_INFINITY) })
}

// A file system that fills up (ENOSPC), which root alone can mount.
func TestLongDiskFull(t *testing.T) {
	if os.Getenv("SALON_LONG") == "" || os.Geteuid() != 0 {
		t.Skip("it mounts a small file system: run it as root with SALON_LONG=1, or scripts/test -long")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	*keep = filepath.Join(dir, "data")
	defer func() { *keep = "" }()
	w := newTown(t, "", 0)
	w.open()
	w.fill(func() {}, func() {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=256m"); err != nil {
			t.Fatal(err)
		}
	})
}

// fill fills the disk up while people talk, and makes room again. Then nothing acknowledged is lost, and all works by itself.
func (w *town) fill(fill, free func()) {
	w.t.Helper()
	w.until("messages are acknowledged", func() bool { return w.book.Sums().Acked > 300 })
	fill()
	began := time.Now()
	w.until("messages are refused, and readiness is red", func() bool {
		return w.book.Sums().Refused > 100 && w.server.ready() == http.StatusServiceUnavailable
	})
	full := time.Since(began)
	free()
	began = time.Now()
	w.server.awaitReady(30 * time.Second)
	green, acked := time.Since(began), w.book.Sums().Acked
	w.until("messages are acknowledged again", func() bool { return w.book.Sums().Acked > acked+300 })
	say(w.t, "full after %d ms, readiness green %d ms after there was room", full.Milliseconds(), green.Milliseconds())
	w.settle()
	w.server.end(syscall.SIGTERM)
	w.server.whole()
}

// limit bounds the files that the server may write, in bytes.
func (w *town) limit(bytes uint64) {
	w.t.Helper()
	if err := unix.Prlimit(w.server.cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}, nil); err != nil {
		w.t.Fatal(err)
	}
}
