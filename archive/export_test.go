package archive

import (
	"time"

	"salon.im/salon/wire"
)

// UnsureTime is unsureTime.
const UnsureTime = unsureTime

// Unsure is unsure, for its bounds.
type Unsure struct{ u unsure }

// NewUnsure makes one that holds max ids.
func NewUnsure(max int) *Unsure { return &Unsure{unsure{max: max}} }

// Add is unsure.add, Take unsure.take and Len the number of ids held.
func (u *Unsure) Add(id int64, now time.Time)       { u.u.add(id, now) }
func (u *Unsure) Take(id int64, now time.Time) bool { return u.u.take(id, now) }
func (u *Unsure) Len() int                          { return len(u.u.failed) }

// KeepSpared is keepSpared.
const KeepSpared = keepSpared

// MaxScan bounds what a query looks at.
const MaxScan = maxScan

// HoldReads takes every turn of a reader until the function that it returns is called.
func HoldReads(r *Reader) (release func()) {
	for range maxReads {
		r.slots <- struct{}{}
	}
	return func() {
		for range maxReads {
			<-r.slots
		}
	}
}

// MaxEnds is maxEnds.
const MaxEnds = maxEnds

// NoteEnds has a reader remember a page of an archive, CountEnds counts those archives.
func NoteEnds(r *Reader, owner wire.Addr) { r.ends.note(owner, 1, 2) }
func CountEnds(r *Reader) int             { return len(r.ends.of) }
