package auth

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
)

// Bounds of stored keys. Iterations below the minimum are weaker than RFC 5802 §5.1 and RFC 7677 §4 allow; above the maximum
// one try would stop a CPU for seconds.
const (
	MinIterations     = 4096
	MaxIterations     = 10_000_000
	DefaultIterations = 10_000

	// MaxPasswordBytes bounds a password as the user typed it, in bytes of UTF-8.
	MaxPasswordBytes = 1024

	saltBytes    = 16
	minSaltBytes = 8
	maxSaltBytes = 256
)

// Errors of keys and their lookup.
var (
	// ErrNotFound is returned by a Lookup for an unknown user, or one without keys for that hash.
	ErrNotFound = errors.New("auth: no such user or no keys for that hash")
	// ErrDisabled is returned by a Lookup together with the keys: whoever proves the password learns account-disabled.
	ErrDisabled = errors.New("auth: the account is disabled")
	// ErrExpired is returned by a Lookup together with the keys: whoever proves the password learns credentials-expired.
	ErrExpired = errors.New("auth: the credentials have expired")
	// ErrPassword is returned for a password that is empty, too long or holds forbidden characters (RFC 4013 §2.3).
	ErrPassword = errors.New("auth: the password is empty, longer than 1024 bytes or holds a forbidden character; choose another")
	// ErrKeys is returned for keys, a hash or an iteration count outside the bounds of this package.
	ErrKeys = errors.New("auth: unknown hash, or salt, iterations or key length out of bounds")
)

// Hash names a hash function of SCRAM, as RFC 5802 §4 writes it behind "SCRAM-". It is fit for storage.
type Hash string

// The hashes that SCRAM is offered with.
const (
	SHA1   Hash = "SHA-1"
	SHA256 Hash = "SHA-256"
	SHA512 Hash = "SHA-512"
)

// Hashes returns all hashes, the strongest first.
func Hashes() []Hash { return []Hash{SHA512, SHA256, SHA1} }

// New returns the constructor of the hash function, or nil for an unknown hash.
func (h Hash) New() func() hash.Hash {
	switch h {
	case SHA1:
		return sha1.New
	case SHA256:
		return sha256.New
	case SHA512:
		return sha512.New
	}
	return nil
}

// Size returns the length of a key in bytes, or 0 for an unknown hash.
func (h Hash) Size() int {
	switch h {
	case SHA1:
		return sha1.Size
	case SHA256:
		return sha256.Size
	case SHA512:
		return sha512.Size
	}
	return 0
}

// Keys is what the server keeps of a password for one hash (RFC 5802 §3).
//
// StoredKey checks a client's proof and ServerKey signs for the server; neither gives back the password, and StoredKey alone does
// not log in. Formatting and logging a Keys never prints the salt or a key.
type Keys struct {
	Hash       Hash
	Salt       []byte // 8 to 256 bytes; Derive makes 16
	Iterations int    // MinIterations to MaxIterations
	StoredKey  []byte // H(HMAC(SaltedPassword, "Client Key")), Hash.Size bytes
	ServerKey  []byte // HMAC(SaltedPassword, "Server Key"), Hash.Size bytes
}

// Format prints the hash and the iterations and nothing else, for every verb.
func (k Keys) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, k.masked()) }

// LogValue is what slog prints: the hash and the iterations.
func (k Keys) LogValue() slog.Value { return slog.StringValue(k.masked()) }

func (k Keys) masked() string {
	return fmt.Sprintf("auth.Keys{%q, %d iterations}", string(k.Hash), k.Iterations)
}

// Validate returns ErrKeys if a field is out of bounds, as after a damaged import.
func (k Keys) Validate() error {
	size := k.Hash.Size()
	switch {
	case size == 0, len(k.Salt) < minSaltBytes, len(k.Salt) > maxSaltBytes,
		k.Iterations < MinIterations, k.Iterations > MaxIterations,
		len(k.StoredKey) != size, len(k.ServerKey) != size:
		return ErrKeys
	}
	return nil
}

// Lookup finds the stored keys of one host's users.
type Lookup interface {
	// Lookup returns the keys of a user for a hash.
	//
	// user is a localpart, already prepared (RFC 7622 §3.3). It returns ErrNotFound for an unknown user and for one without keys for
	// that hash, ErrDisabled or ErrExpired together with the keys, and any other error for a fault of storage.
	// It is called from many goroutines and may block; it should take the same time for every user.
	Lookup(ctx context.Context, user string, h Hash) (Keys, error)
}

// Derive makes new keys with a fresh random salt from a password as the user typed it.
//
// It returns ErrPassword for a password that cannot be prepared (see saslprep.go) and ErrKeys for an unknown hash or iterations
// out of bounds. It costs one PBKDF2, about 0.2 µs an iteration. RFC 5802 §3.
func Derive(password string, h Hash, iterations int) (Keys, error) {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails: crypto/rand ends the process instead
	return derive(password, h, salt, iterations)
}

// DeriveAll makes keys for each hash, in that order. Keys for a hash cannot be added later without the password.
// Errors as for Derive.
func DeriveAll(password string, hashes []Hash, iterations int) ([]Keys, error) {
	all := make([]Keys, 0, len(hashes))
	for _, h := range hashes {
		k, err := Derive(password, h, iterations)
		if err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	return all, nil
}

// Verify says whether the password belongs to the keys. It compares in constant time and costs one PBKDF2, for a password that
// cannot be prepared and for damaged keys nothing.
func Verify(k Keys, password string) bool {
	if k.Validate() != nil {
		return false
	}
	got, err := derive(password, k.Hash, k.Salt, k.Iterations)
	return err == nil && subtle.ConstantTimeCompare(got.StoredKey, k.StoredKey) == 1
}

func derive(password string, h Hash, salt []byte, iterations int) (Keys, error) {
	if h.New() == nil || iterations < MinIterations || iterations > MaxIterations {
		return Keys{}, ErrKeys
	}
	prepared, err := preparePassword(password)
	if err != nil {
		return Keys{}, err
	}
	return deriveKeys(prepared, h, salt, iterations)
}

// deriveKeys is derive for a password that is prepared and a hash that is known. RFC 5802 §3.
func deriveKeys(prepared string, h Hash, salt []byte, iterations int) (Keys, error) {
	newHash := h.New()
	salted, err := pbkdf2.Key(newHash, prepared, salt, iterations, h.Size())
	if err != nil {
		return Keys{}, ErrKeys // not err: no text from below may carry a secret
	}
	clientKey := mac(newHash, salted, []byte("Client Key"))
	stored := newHash()
	stored.Write(clientKey)
	return Keys{
		Hash: h, Salt: salt, Iterations: iterations,
		StoredKey: stored.Sum(nil),
		ServerKey: mac(newHash, salted, []byte("Server Key")),
	}, nil
}

func mac(newHash func() hash.Hash, key []byte, parts ...[]byte) []byte {
	m := hmac.New(newHash, key)
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}
