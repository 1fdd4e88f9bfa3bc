package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"salon.im/salon/storage"
)

var errNoRows = sql.ErrNoRows

// found turns "no rows" into [storage.ErrNotFound].
func found(err error) error {
	if errors.Is(err, errNoRows) {
		return storage.ErrNotFound
	}
	return err
}

// conflict adds [storage.ErrConflict] to an error about a key that exists.
func conflict(err error) error {
	var e *driver.Error
	if errors.As(err, &e) && e.Code()&0xff == lib.SQLITE_CONSTRAINT {
		return fmt.Errorf("%w: %w", storage.ErrConflict, err)
	}
	return err
}

// millis is a time as it is stored; the zero time is null.
func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// moment reads what millis stored.
func moment(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return time.UnixMilli(ms.Int64).UTC()
}

// blob is bytes for a column that is not null.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// nullable is bytes for a column where none is null.
func nullable(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}
