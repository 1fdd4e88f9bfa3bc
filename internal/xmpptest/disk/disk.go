package disk

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	lib "modernc.org/sqlite/lib"
)

// Fault is what is wrong with a disk. The zero value is a good one.
type Fault struct {
	// Full refuses every write that makes a file grow; what lies inside of it may be overwritten, as on a real disk.
	Full bool
	// Short writes the first half and then fails.
	Short bool
	// NoSync fails every flush: nobody knows what of it is on the disk.
	NoSync bool
	// Slow is how long a flush takes, on top of its own time.
	Slow time.Duration
}

// Disk is the disk under a directory. Its methods are safe for any goroutine.
type Disk struct {
	dir string

	mu     sync.Mutex
	fault  Fault
	met    int
	images map[string]*image // by path
}

// Under returns the disk below a directory. Files that are open already do not belong to it.
func Under(t testing.TB, dir string) *Disk {
	t.Helper()
	if err := install(); err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.EvalSymlinks(dir) // as SQLite names its files
	if err != nil {
		t.Fatal(err)
	}
	d := &Disk{dir: dir + string(filepath.Separator), images: map[string]*image{}}
	disks.mu.Lock()
	disks.all = append(disks.all, d)
	disks.mu.Unlock()
	return d
}

// Break lets the disk fail from now on.
func (d *Disk) Break(f Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = f
}

// Mend ends the fault.
func (d *Disk) Mend() { d.Break(Fault{}) }

// Met returns how many calls met a fault so far: a test that finds none has tested nothing.
func (d *Disk) Met() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.met
}

// disks are those of this process, and the files that are open on them.
var disks struct {
	mu    sync.Mutex
	all   []*Disk
	files map[uintptr]file
}

// file is an open one.
type file struct {
	disk *Disk
	path string
}

// of returns the disk of a path; one that nobody holds for paths of others.
func of(path string) *Disk {
	disks.mu.Lock()
	defer disks.mu.Unlock()
	for _, d := range disks.all {
		if strings.HasPrefix(path, d.dir) {
			return d
		}
	}
	return &Disk{}
}

// opened notes a file, by the address of SQLite's handle.
func opened(handle uintptr, path string) {
	d := of(path)
	d.image(path)
	disks.mu.Lock()
	defer disks.mu.Unlock()
	disks.files[handle] = file{d, path}
}

func closed(handle uintptr) {
	disks.mu.Lock()
	defer disks.mu.Unlock()
	delete(disks.files, handle)
}

// fileOf returns an open file; one on a disk that nobody holds for a temporary one.
func fileOf(handle uintptr) file {
	disks.mu.Lock()
	defer disks.mu.Unlock()
	if f, ok := disks.files[handle]; ok {
		return f
	}
	return file{disk: &Disk{}}
}

// write says how much of a write is carried out, and SQLite's code for what goes wrong. size asks for the file's length.
func (d *Disk) write(amount int32, offset int64, size func() int64) (part int32, code int32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.fault.Short:
		d.met++
		return amount / 2, lib.SQLITE_IOERR_WRITE
	case d.fault.Full && offset+int64(amount) > size():
		d.met++
		return 0, lib.SQLITE_FULL
	}
	return amount, lib.SQLITE_OK
}

// flush holds a flush up as long as it takes, and returns SQLite's code for what goes wrong with it.
func (d *Disk) flush() (code int32) {
	d.mu.Lock()
	slow, fail := d.fault.Slow, d.fault.NoSync
	if slow > 0 || fail {
		d.met++
	}
	d.mu.Unlock()
	if slow > 0 {
		<-time.After(slow)
	}
	if fail {
		return lib.SQLITE_IOERR_FSYNC
	}
	return lib.SQLITE_OK
}
