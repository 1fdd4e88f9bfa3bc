package storage

import (
	"fmt"
	"io/fs"
)

// HeadVersion is the number of the newest of a back end's steps, the files migrations/*.sql. They are numbered from 1
// without a gap; a test sees to it.
func HeadVersion(migrations fs.FS) (int64, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	return int64(len(names)), err
}

// CheckVersion returns ErrTooNew for a schema with a step that this program does not know. head is its HeadVersion.
func CheckVersion(current, head int64) error {
	if current > head {
		return fmt.Errorf("%w: its schema is number %d, this program knows %d; install the newer Salon again, or name another database",
			ErrTooNew, current, head)
	}
	return nil
}
