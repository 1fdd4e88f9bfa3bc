package archive

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"salon.im/salon/wire"
)

// idDigits is the length of an id's text: 128 bits, 5 in each digit and 3 in the last.
const idDigits = 26

// idText is the alphabet of ids in stanzas. Clients keep such texts for years: it never changes.
var idText = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// ErrID is wrapped by the errors of IDs.Parse. A query that names such an id gets item-not-found (XEP-0059 §2.2).
var ErrID = errors.New("archive: not an id of ours")

// IDs writes and reads ids as they stand in stanzas, where they must be unpredictable (XEP-0313 §3, XEP-0359 §3): an id is
// enciphered, since the number itself tells its time and its neighbours. Who has no key can neither make a text that Parse
// takes nor read one, or tell which of two is the older.
//
// NewIDs makes it; the zero IDs is of no use. It is a value that never changes, safe for any goroutine.
type IDs struct{ block cipher.Block }

// NewIDs returns the IDs of a key of 16 or 32 bytes. With another key they are other texts: it must be the same always, and
// kept outside of the database.
func NewIDs(key []byte) (IDs, error) {
	if len(key) != 16 && len(key) != 32 {
		return IDs{}, fmt.Errorf("archive: the key of the ids has %d bytes: it needs 16 or 32", len(key))
	}
	block, err := aes.NewCipher(key)
	return IDs{block}, err
}

// Append appends the text of an id: 26 digits of base 32, which are one block of AES over eight zero bytes and the number.
func (c IDs) Append(b []byte, id int64) []byte {
	n := len(b)
	b = slices.Grow(b, idDigits)[:n+idDigits]
	block := b[n : n+aes.BlockSize] // what a cipher is given is allocated: the text's own place is there already
	clear(block[:8])
	binary.BigEndian.PutUint64(block[8:], uint64(id))
	c.block.Encrypt(block, block)
	sealed := [aes.BlockSize]byte(block)
	idText.Encode(b[n:], sealed[:])
	return b
}

// Text returns what Append appends.
func (c IDs) Text(id int64) string { return string(c.Append(make([]byte, 0, idDigits), id)) }

// StanzaID is <stanza-id/>, with the id of a row in the archive of by, a bare address (XEP-0359 §3).
func (c IDs) StanzaID(by wire.Addr, id int64) wire.Payload {
	owner := by.String()
	b := make([]byte, 0, len(owner)+96)
	b = append(b, `<stanza-id xmlns="urn:xmpp:sid:0"`...)
	b = wire.AppendAttr(b, "by", owner)
	b = append(b, ` id="`...)
	b = c.Append(b, id)
	return append(b, `"/>`...)
}

// Parse reads what Append wrote with the same key, and nothing else. The error wraps ErrID.
func (c IDs) Parse(text string) (int64, error) {
	block, err := idText.DecodeString(text)
	if err != nil || len(block) != aes.BlockSize || idText.EncodeToString(block) != text { // line breaks, bits behind the last digit's three
		return 0, fmt.Errorf("%w: %.30q", ErrID, text)
	}
	c.block.Decrypt(block, block)
	id := int64(binary.BigEndian.Uint64(block[8:]))
	if binary.BigEndian.Uint64(block) != 0 || id <= 0 {
		return 0, fmt.Errorf("%w: %q", ErrID, text)
	}
	return id, nil
}
