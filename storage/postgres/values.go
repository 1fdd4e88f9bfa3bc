package postgres

import (
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const uniqueViolation = "23505"

// found turns "no rows" into [storage.ErrNotFound].
func found(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return storage.ErrNotFound
	}
	return err
}

// changed returns [storage.ErrNotFound] if a statement met no row.
func changed(n int64, err error) error {
	if err == nil && n == 0 {
		return storage.ErrNotFound
	}
	return err
}

// conflict adds [storage.ErrConflict] to an error about a key that exists.
func conflict(err error) error {
	if code(err) == uniqueViolation {
		return fmt.Errorf("%w: %w", storage.ErrConflict, err)
	}
	return err
}

// parse reads an address that we wrote; "" is the zero one.
func parse(s string) (wire.Addr, error) {
	if s == "" {
		return wire.Addr{}, nil
	}
	return wire.ParseAddr(s)
}

// millis is a time as it is stored; the zero time is null.
func millis(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}

// moment reads what millis stored.
func moment(ms *int64) time.Time {
	if ms == nil {
		return time.Time{}
	}
	return time.UnixMilli(*ms).UTC()
}

// blob is bytes for a column that is not null.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// nullable is bytes for a column where none is null.
func nullable(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}
