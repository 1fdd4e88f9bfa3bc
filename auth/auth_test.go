package auth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"salon.im/salon/auth"
)

var _ auth.Lookup = (*accounts)(nil)

// accounts is a Lookup in memory that counts what it is asked.
type accounts struct {
	keys  map[string]map[auth.Hash]auth.Keys
	err   error // returned with the keys of a known user
	asked atomic.Int64
}

func (a *accounts) Lookup(_ context.Context, user string, h auth.Hash) (auth.Keys, error) {
	a.asked.Add(1)
	k, ok := a.keys[user][h]
	if !ok {
		return auth.Keys{}, auth.ErrNotFound
	}
	return k, a.err
}

// newAccounts has one account, alice, with the password "pencil" and all hashes.
func newAccounts(t testing.TB) *accounts {
	t.Helper()
	a := &accounts{keys: map[string]map[auth.Hash]auth.Keys{"alice": {}}}
	all, err := auth.DeriveAll("pencil", auth.Hashes(), auth.MinIterations)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range all {
		a.keys["alice"][k.Hash] = k
	}
	return a
}

func newParams(a *accounts) auth.Params {
	return auth.Params{
		Lookup: a, Host: "example.test", Iterations: auth.MinIterations,
		Secret: []byte("a secret of thirty-two bytes ..."),
	}
}

// tlsParams adds a TLS channel; the second result is the client's end of it.
func tlsParams(t testing.TB, a *accounts, version uint16) (auth.Params, *tls.ConnectionState) {
	t.Helper()
	p := newParams(a)
	var client *tls.ConnectionState
	p.TLS, client, p.Leaf = tlsPair(t, version)
	return p, client
}

func tlsPair(t testing.TB, version uint16) (server, client *tls.ConnectionState, leaf *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "example.test"},
		DNSNames: []string{"example.test"}, NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err = x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	near, far := net.Pipe()
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	s := tls.Server(near, &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		MinVersion:   version, MaxVersion: version, SessionTicketsDisabled: true,
	})
	c := tls.Client(far, &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version})
	failed := make(chan error, 1)
	go func() { failed <- c.Handshake() }()
	if err := errors.Join(s.Handshake(), <-failed); err != nil {
		t.Fatal(err)
	}
	ss, cs := s.ConnectionState(), c.ConnectionState()
	return &ss, &cs, leaf
}

// condition returns the condition of a Failure, and fails the test for any other error.
func condition(t testing.TB, err error) auth.Condition {
	t.Helper()
	if err == nil {
		return ""
	}
	var f *auth.Failure
	if !errors.As(err, &f) {
		t.Fatalf("error is %T, want *auth.Failure: %v", err, err)
	}
	return f.Condition
}
