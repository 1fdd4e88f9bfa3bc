package archive

import (
	"cmp"
	"slices"
	"time"
)

const (
	// unsureTime is how long a failed row is remembered: senders try again within minutes.
	unsureTime = 15 * time.Minute
	// maxUnsure bounds the rows remembered, at 32 bytes each; the oldest go first.
	maxUnsure = 65_536
)

// unsure remembers the rows whose senders were told of a failure although a commit may have stored them: it timed out, or
// its answer was lost. When such a sender tries again, the store drops the row as a resend; but nobody was given the
// message yet, so it counts as stored. It belongs to the writer goroutine, and a restart forgets it.
type unsure struct {
	max    int
	failed []failedRow // by id and by time, both ascending
}

type failedRow struct {
	id int64
	at time.Time
}

// add remembers a row. Ids come in ascending order.
func (u *unsure) add(id int64, now time.Time) {
	u.expire(now)
	if len(u.failed) >= u.max {
		u.failed = slices.Delete(u.failed, 0, 1+u.max/8) // not one by one: each moves the rest
	}
	u.failed = append(u.failed, failedRow{id, now})
}

// take forgets a row and reports whether it was remembered.
func (u *unsure) take(id int64, now time.Time) bool {
	u.expire(now)
	i, found := slices.BinarySearchFunc(u.failed, id, func(f failedRow, id int64) int { return cmp.Compare(f.id, id) })
	if found {
		u.failed = slices.Delete(u.failed, i, i+1)
	}
	return found
}

func (u *unsure) expire(now time.Time) {
	n := 0
	for n < len(u.failed) && now.Sub(u.failed[n].at) > unsureTime {
		n++
	}
	if u.failed = u.failed[n:]; len(u.failed) == 0 {
		u.failed = nil
	}
}
