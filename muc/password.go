package muc

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"

	"salon.im/salon/wire"
)

// sealer encrypts the passwords of rooms with a key that is not in the database. The room's address is bound to the
// sealed bytes, so that they are worth nothing in another room's record.
type sealer struct{ aead cipher.AEAD }

func newSealer(key []byte) (sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, fmt.Errorf("muc: key for room passwords: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	return sealer{aead}, err
}

func (s sealer) close(room wire.Addr, password string) []byte {
	nonce := make([]byte, s.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails (crypto/rand)
	return s.aead.Seal(nonce, nonce, []byte(password), []byte(room.String()))
}

var errSealed = errors.New("muc: a room's password cannot be decrypted: is the secret key another one?")

func (s sealer) open(room wire.Addr, sealed []byte) (string, error) {
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return "", errSealed
	}
	b, err := s.aead.Open(nil, sealed[:n], sealed[n:], []byte(room.String()))
	if err != nil {
		return "", errSealed
	}
	return string(b), nil
}
