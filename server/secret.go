package server

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"salon.im/salon/archive"
	"salon.im/salon/config"
)

// secretBytes is the length of the server's secret.
const secretBytes = 32

// secretKey reads the server's secret, or makes it at the first start: 32 random bytes in hexadecimal, mode 0600. Every
// purpose derives a key of its own from it.
func secretKey(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeSecretKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("the secret key cannot be read: %w; it protects the rooms' passwords and makes the ids of occupants and messages: restore it, give it to this user (chown), or set secret_key_file", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != secretBytes {
		return nil, fmt.Errorf("the secret key in %s is damaged: it must be %d hexadecimal digits; restore it from a backup, or move it away to get a new one (room passwords must then be set again, and the ids of all occupants and messages change)", path, 2*secretBytes)
	}
	return key, nil
}

func makeSecretKey(path string) ([]byte, error) {
	key := make([]byte, secretBytes)
	rand.Read(key)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("the secret key cannot be kept: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the secret key cannot be kept: %w; the data directory must be writable, or choose another with --data DIR", err)
	}
	_, err = f.WriteString(hex.EncodeToString(key) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(path)
		return nil, fmt.Errorf("the secret key cannot be kept: %w", err)
	}
	return key, nil
}

// subkey derives the key of one purpose from the secret (RFC 5869).
func subkey(secret []byte, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, "salon "+purpose, 32)
	if err != nil {
		panic(err) // only for lengths beyond 255 hashes
	}
	return key
}

// occupantKey is the key of the rooms' occupant-ids (XEP-0421).
func occupantKey(secret []byte) []byte { return subkey(secret, "occupant ids") }

// OccupantKey returns the key of the rooms' occupant-ids, for who works on the store without a server. Where no server has made
// its secret yet there is none, and no error.
func OccupantKey(cfg *config.Config) ([]byte, error) {
	if _, err := os.Stat(cfg.SecretKeyPath()); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	secret, err := secretKey(cfg.SecretKeyPath())
	if err != nil {
		return nil, err
	}
	return occupantKey(secret), nil
}

// archiveIDs writes the archives' ids in stanzas (XEP-0313 §3).
func archiveIDs(secret []byte) (archive.IDs, error) {
	return archive.NewIDs(subkey(secret, "archive ids"))
}

// ArchiveIDs returns what writes the archives' ids in stanzas, for who works on the store without a server. Where no server has
// made its secret yet it is made, as the next server to start would: so what is exported now is what that server says.
func ArchiveIDs(cfg *config.Config) (archive.IDs, error) {
	secret, err := secretKey(cfg.SecretKeyPath())
	if err != nil {
		return archive.IDs{}, err
	}
	return archiveIDs(secret)
}
