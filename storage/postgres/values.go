package postgres

import (
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/storage"
)

const uniqueViolation = "23505"

// found turns "no rows" into [storage.ErrNotFound].
func found(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
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

// millis is a time as it is stored; the zero time is null.
func millis(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
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
