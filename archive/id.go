package archive

import (
	"errors"
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
	idDigits = 13        // 5 bits each

	// MaxNode is the highest number of a node.
	MaxNode = 1<<nodeBits - 1
)

// epoch is 2025-01-01T00:00:00Z in milliseconds of Unix time. Ids are stored: it never changes.
const epoch = 1735689600000

// ErrID is wrapped by the errors of ParseID. A query that names such an id gets item-not-found (XEP-0059 §2.2).
var ErrID = errors.New("archive: not an id of ours")

// IDTime returns the time at which a row was queued, to the millisecond, in UTC.
func IDTime(id int64) time.Time { return time.UnixMilli(id>>msShift + epoch).UTC() }

// TimeID returns the lowest id of t's millisecond: rows at t or later have that id or a higher one.
//
// Times outside the range of ids, 2025 to 2094, give its ends; the lowest is 1.
func TimeID(t time.Time) int64 {
	ms := min(max(t.UnixMilli()-epoch, 0), maxMs)
	return max(ms<<msShift, 1)
}

const digits = "0123456789abcdefghijklmnopqrstuv"

// FormatID returns the text of an id, as in <stanza-id id='…'/>: 13 digits of base 32, which sort as the numbers do.
func FormatID(id int64) string {
	var b [idDigits]byte
	for i := idDigits - 1; i >= 0; i-- {
		b[i] = digits[id&31]
		id >>= 5
	}
	return string(b[:])
}

// ParseID reads what FormatID wrote, and nothing else. The error wraps ErrID.
func ParseID(s string) (int64, error) {
	if len(s) != idDigits || s[0] > '7' { // the first digit holds 3 bits
		return 0, fmt.Errorf("%w: %.20q", ErrID, s)
	}
	var id int64
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			id = id<<5 | int64(c-'0')
		case 'a' <= c && c <= 'v':
			id = id<<5 | int64(c-'a'+10)
		default:
			return 0, fmt.Errorf("%w: %q", ErrID, s)
		}
	}
	if id == 0 {
		return 0, fmt.Errorf("%w: %q", ErrID, s)
	}
	return id, nil
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
		return nil, fmt.Errorf("archive: the store's last id %s leaves no room above it", FormatID(last))
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
