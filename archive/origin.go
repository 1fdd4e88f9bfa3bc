package archive

import (
	"crypto/sha256"
	"encoding/binary"

	"salon.im/salon/wire"
)

// Origin returns the digest that makes a resend recognisable: 16 bytes over the sender's bare address and the
// origin-id (XEP-0359 §3.1). It is nil for an empty id: such a stanza is never taken for a resend.
func Origin(sender wire.Addr, originID string) []byte {
	if originID == "" {
		return nil
	}
	bare := sender.Bare().String()
	b := make([]byte, 0, 4+len(bare)+len(originID))
	b = binary.BigEndian.AppendUint32(b, uint32(len(bare)))
	b = append(append(b, bare...), originID...)
	sum := sha256.Sum256(b)
	return sum[:16]
}
