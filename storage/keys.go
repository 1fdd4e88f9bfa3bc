package storage

import (
	"hash/fnv"

	"salon.im/salon/wire"
)

// MaxKeyBytes bounds what a record is found by: owner and contact, owner and blocked address, room and address, or owner, kind
// and key of a document, together. An index entry of PostgreSQL ends a little above; the others follow, so that every
// database can be copied into any.
const MaxKeyBytes = 2600

// CheckKey returns ErrQuota for a key that is longer. Back ends ask before they add a record.
func CheckKey(parts ...string) error {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	if n > MaxKeyBytes {
		return ErrQuota
	}
	return nil
}

// PeerKey is what the archive's index holds of a peer, four bytes at most. The number is stored: it must never change.
func PeerKey(peer wire.Addr) int64 {
	h := fnv.New32a()
	h.Write([]byte(peer.Bare().String()))
	return int64(h.Sum32())
}
