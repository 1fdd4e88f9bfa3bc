package control

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Lock is the right to work on a data directory. It ends with the process, however that ends.
type Lock struct{ file *os.File }

// HeldError says who has the lock.
type HeldError struct {
	Dir    string
	Holder string // "process 4711 (salon serve) since 2026-11-21 10:15:00", or "another process"
}

// Error names the holder and the remedy.
func (e *HeldError) Error() string {
	return fmt.Sprintf("the data directory %s is in use by %s: stop that first, or choose another with --data", e.Dir, e.Holder)
}

// AcquireLock takes the lock of a data directory, which must exist, and writes who took it. purpose is the command, such
// as "salon serve". It does not wait: it returns a *HeldError if someone else has it.
func AcquireLock(dir, purpose string) (*Lock, error) {
	path := filepath.Join(dir, LockName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot write to the data directory: %w: give it to this user, or choose another with --data", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer func() { _ = f.Close() }()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, &HeldError{dir, readHolder(f)}
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	l := &Lock{f}
	who := fmt.Sprintf("process %d (%s) since %s\n", os.Getpid(), purpose, time.Now().Format(time.DateTime))
	if err := errors.Join(f.Truncate(0), writeAt(f, who)); err != nil {
		return nil, errors.Join(fmt.Errorf("write %s: %w", path, err), l.Release())
	}
	return l, nil
}

// Holder says who has the lock of a data directory, as a HeldError does; "" is nobody. It takes nothing.
func Holder(dir string) string {
	f, err := os.Open(filepath.Join(dir, LockName))
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil || info.Size() == 0 {
		return "" // Release leaves it empty
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil {
		return "" // its holder crashed
	}
	return readHolder(f)
}

// Release gives the lock back. The file stays: removing it could take it from under the next holder.
func (l *Lock) Release() error { return errors.Join(l.file.Truncate(0), l.file.Close()) }

func writeAt(f *os.File, s string) error {
	_, err := f.WriteAt([]byte(s), 0)
	return err
}

// readHolder returns what the holder wrote, if it has yet.
func readHolder(f *os.File) string {
	buf := make([]byte, 256)
	n, err := f.ReadAt(buf, 0)
	who := strings.TrimSpace(string(buf[:n]))
	if who == "" || err != nil && !errors.Is(err, io.EOF) {
		return "another process"
	}
	return who
}
