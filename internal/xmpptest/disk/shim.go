package disk

import (
	"errors"
	"sync"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// The C functions of SQLite's layer of files, as the translated code calls them.
type (
	openFunc     = func(tls *libc.TLS, vfs, path, file uintptr, flags int32, outFlags uintptr) int32
	closeFunc    = func(tls *libc.TLS, file uintptr) int32
	writeFunc    = func(tls *libc.TLS, file, buf uintptr, amount int32, offset int64) int32
	deleteFunc   = func(tls *libc.TLS, vfs, path uintptr, syncDir int32) int32
	syncFunc     = func(tls *libc.TLS, file uintptr, flags int32) int32
	fileSizeFunc = func(tls *libc.TLS, file, size uintptr) int32
)

// shim is our layer, with the one below it. What SQLite sees of ours is in the memory of the translated code, and lives as
// long as the process.
var shim struct {
	real uintptr // the Tsqlite3_vfs that was the default before

	mu      sync.Mutex
	ours    map[uintptr]uintptr                  // our table in the place of a real one, by their addresses
	methods map[uintptr]*lib.Tsqlite3_io_methods // the real table that ours stands for
}

// install makes the shim the default layer of every database that is opened from now on.
var install = sync.OnceValue(func() error {
	tls := libc.NewTLS()
	defer tls.Close()
	if shim.real = lib.Xsqlite3_vfs_find(tls, 0); shim.real == 0 {
		return errors.New("disk: SQLite has no layer of files")
	}
	shim.ours, shim.methods = map[uintptr]uintptr{}, map[uintptr]*lib.Tsqlite3_io_methods{}
	disks.files = map[uintptr]file{}
	name, err := libc.CString("faulty")
	if err != nil {
		return err
	}
	vfs := *at[lib.Tsqlite3_vfs](shim.real)
	vfs.FzName, vfs.FpNext, vfs.FxOpen = name, 0, pointer(openFunc(open))
	vfs.FxDelete = pointer(deleteFunc(remove))
	if code := lib.Xsqlite3_vfs_register(tls, keep(tls, vfs), 1); code != lib.SQLITE_OK {
		return errors.New("disk: SQLite takes no layer of files")
	}
	return nil
})

// keep copies a value to where SQLite may find it.
func keep[T any](tls *libc.TLS, v T) uintptr {
	p := libc.Xcalloc(tls, 1, libc.Tsize_t(unsafe.Sizeof(v)))
	*at[T](p) = v
	return p
}

func open(tls *libc.TLS, _, path, file uintptr, flags int32, outFlags uintptr) int32 {
	code := function[openFunc](at[lib.Tsqlite3_vfs](shim.real).FxOpen)(tls, shim.real, path, file, flags, outFlags)
	handle := at[lib.Tsqlite3_file](file)
	if code != lib.SQLITE_OK || handle.FpMethods == 0 {
		return code
	}
	handle.FpMethods = inPlaceOf(tls, handle.FpMethods)
	if path != 0 { // a temporary file has none
		opened(file, libc.GoString(path))
	}
	return code
}

// inPlaceOf returns our table in the place of a real one.
func inPlaceOf(tls *libc.TLS, table uintptr) uintptr {
	shim.mu.Lock()
	defer shim.mu.Unlock()
	if ours := shim.ours[table]; ours != 0 {
		return ours
	}
	m := *at[lib.Tsqlite3_io_methods](table)
	m.FxClose, m.FxWrite, m.FxSync = pointer(closeFunc(closeFile)), pointer(writeFunc(write)), pointer(syncFunc(flush))
	ours := keep(tls, m)
	shim.ours[table], shim.methods[ours] = ours, at[lib.Tsqlite3_io_methods](table)
	return ours
}

// realOf returns the real functions of a file.
func realOf(file uintptr) *lib.Tsqlite3_io_methods {
	shim.mu.Lock()
	defer shim.mu.Unlock()
	return shim.methods[at[lib.Tsqlite3_file](file).FpMethods]
}

func closeFile(tls *libc.TLS, file uintptr) int32 {
	real := realOf(file)
	closed(file)
	return function[closeFunc](real.FxClose)(tls, file)
}

func remove(tls *libc.TLS, _, path uintptr, syncDir int32) int32 {
	code := function[deleteFunc](at[lib.Tsqlite3_vfs](shim.real).FxDelete)(tls, shim.real, path, syncDir)
	if name := libc.GoString(path); code == lib.SQLITE_OK {
		of(name).forget(name)
	}
	return code
}

func write(tls *libc.TLS, handle, buf uintptr, amount int32, offset int64) int32 {
	real, f := realOf(handle), fileOf(handle)
	part, code := f.disk.write(amount, offset, func() int64 {
		size := tls.Alloc(8) // not a variable of ours: stacks move
		defer tls.Free(8)
		function[fileSizeFunc](real.FxFileSize)(tls, handle, size)
		return *at[int64](size)
	})
	if part > 0 {
		if code := function[writeFunc](real.FxWrite)(tls, handle, buf, part, offset); code != lib.SQLITE_OK {
			return code
		}
		f.disk.written(f.path, libc.GoBytes(buf, int(part)), offset)
	}
	return code
}

func flush(tls *libc.TLS, handle uintptr, flags int32) int32 {
	f := fileOf(handle)
	if code := f.disk.flush(); code != lib.SQLITE_OK {
		return code
	}
	code := function[syncFunc](realOf(handle).FxSync)(tls, handle, flags)
	if code == lib.SQLITE_OK {
		f.disk.flushed(f.path)
	}
	return code
}

// at is the value at an address of SQLite's.
func at[T any](p uintptr) *T { return *(**T)(unsafe.Pointer(&p)) }

// function is the Go function behind a C function pointer, and pointer the other way round: see libc's documentation.
func function[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&p)) }

func pointer[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }
