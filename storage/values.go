package storage

import (
	"time"

	"salon.im/salon/wire"
)

// Scanner is a row of a result, as every database driver has it.
type Scanner interface{ Scan(dest ...any) error }

// ParseAddr reads an address as back ends store it: its text, or "" for the zero one.
func ParseAddr(s string) (wire.Addr, error) {
	if s == "" {
		return wire.Addr{}, nil
	}
	return wire.ParseAddr(s)
}

// ScanAddr reads a row of one address.
func ScanAddr(r Scanner, addr *wire.Addr) (err error) {
	var s string
	if err := r.Scan(&s); err != nil {
		return err
	}
	*addr, err = ParseAddr(s)
	return err
}

// AddrReader is ParseAddr for one address after the other: neighbours in an archive often share theirs.
type AddrReader struct {
	last string
	addr wire.Addr
}

// Parse is ParseAddr.
func (a *AddrReader) Parse(s string) (addr wire.Addr, err error) {
	if s != a.last {
		if a.addr, err = ParseAddr(s); err != nil {
			return wire.Addr{}, err
		}
		a.last = s
	}
	return a.addr, nil
}

// Moment reads a time as back ends store it: milliseconds since 1970, UTC, or nil for the zero one.
func Moment(ms *int64) time.Time {
	if ms == nil {
		return time.Time{}
	}
	return time.UnixMilli(*ms).UTC()
}

// Changed returns ErrNotFound if a statement met no row: n is how many.
func Changed(n int64, err error) error {
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// CheckQuota returns ErrQuota if n is above limit; a limit of 0 or less is no bound.
func CheckQuota(n, limit int64) error {
	if limit > 0 && n > limit {
		return ErrQuota
	}
	return nil
}
