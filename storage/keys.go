package storage

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
