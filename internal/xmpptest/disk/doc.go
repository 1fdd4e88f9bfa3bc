// Package disk puts a disk that fails on demand under SQLite, in this process: full, broken in the middle of a write, unable to
// flush, or slow.
//
//	d := disk.Under(t, dir)     // for every database that is opened below dir from now on
//	d.Break(disk.Fault{Full: true})
//	d.Mend()
//
// It is a shim over SQLite's own layer of files (https://sqlite.org/vfs.html): all calls go to the real one, and those that
// write are refused, cut short or held up first. What SQLite maps into memory (the -shm file) is not seen. Only tests import it.
package disk
