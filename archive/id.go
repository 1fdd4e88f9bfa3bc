package archive

import (
	"fmt"
	"time"
)

// An id is 41 bits of milliseconds since the epoch, 10 bits of node and 12 of sequence. Its sign bit is never set.
const (
	seqBits  = 12
	nodeBits = 10
	msShift  = seqBits + nodeBits
	maxSeq   = 1<<seqBits - 1
	maxMs    = 1<<41 - 1 // 2094-09

	// MaxNode is the highest number of a node.
	MaxNode = 1<<nodeBits - 1
)

// epoch is 2025-01-01T00:00:00Z in milliseconds of Unix time. Ids are stored: it never changes.
const epoch = 1735689600000

// IDTime returns the time at which a row was queued, to the millisecond, in UTC.
func IDTime(id int64) time.Time { return time.UnixMilli(id>>msShift + epoch).UTC() }

// TimeID returns the lowest id of t's millisecond: rows at t or later have that id or a higher one.
//
// Times outside the range of ids, 2025 to 2094, give its ends; the lowest is 1.
func TimeID(t time.Time) int64 {
	ms := min(max(t.UnixMilli()-epoch, 0), maxMs)
	return max(ms<<msShift, 1)
}

// idSource hands out ids that only grow. Its caller holds the lock.
type idSource struct {
	ms, seq int64 // of the last id
	node    int64
	now     func() time.Time
}

// newIDSource starts above last, the highest id in the store.
func newIDSource(last int64, node int, now func() time.Time) (*idSource, error) {
	if node < 0 || node > MaxNode {
		return nil, fmt.Errorf("archive: node %d is outside 0 to %d", node, MaxNode)
	}
	if last>>msShift >= maxMs {
		return nil, fmt.Errorf("archive: the store's last id %d leaves no room above it", last)
	}
	// The rest of last's millisecond is left alone: another node's rows there may sort above ours.
	return &idSource{ms: last >> msShift, seq: maxSeq, node: int64(node), now: now}, nil
}

// last returns the last id, or one that is above all that are stored and below all to come.
func (s *idSource) last() int64 { return s.ms<<msShift | s.node<<seqBits | s.seq }

// next returns an id above all before it. A clock that stands or steps back makes it count on from the last id.
func (s *idSource) next() int64 {
	switch ms := min(s.now().UnixMilli()-epoch, maxMs); {
	case ms > s.ms:
		s.ms, s.seq = ms, 0
	case s.seq < maxSeq:
		s.seq++
	default:
		s.ms, s.seq = s.ms+1, 0
	}
	return s.last()
}
