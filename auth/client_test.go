package auth_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"salon.im/salon/auth"
)

// client is a SCRAM client of our own, for what mellium's does not do: SHA-512, tls-server-end-point, and lies.
type client struct {
	hash     auth.Hash
	plus     bool
	gs2      string // "n,," if empty
	binding  []byte
	user     string
	password string
	nonce    string // to send back instead of the server's
	more     string // attributes to append to the first message
	salted   []byte // instead of password, to save the PBKDF2

	bare string
}

const clientNonce = "fyko+d2lbbFgONRv9qkxdawL"

func (c *client) mechanism() string {
	if c.plus {
		return "SCRAM-" + string(c.hash) + "-PLUS"
	}
	return "SCRAM-" + string(c.hash)
}

func (c *client) header() string {
	if c.gs2 == "" {
		return "n,,"
	}
	return c.gs2
}

func (c *client) first() []byte {
	c.bare = "n=" + c.user + ",r=" + clientNonce + c.more
	return []byte(c.header() + c.bare)
}

// final answers a server-first message, and returns the server-final message to expect.
func (c *client) final(serverFirst []byte) (message, serverFinal []byte) {
	attrs := attributes(serverFirst)
	salt, _ := base64.StdEncoding.DecodeString(attrs['s'])
	iterations, _ := strconv.Atoi(attrs['i'])
	salted := c.salted
	if salted == nil {
		salted, _ = pbkdf2.Key(c.hash.New(), c.password, salt, iterations, c.hash.Size())
	}
	nonce := attrs['r']
	if c.nonce != "" {
		nonce = c.nonce
	}
	binding := base64.StdEncoding.EncodeToString(append([]byte(c.header()), c.binding...))
	without := "c=" + binding + ",r=" + nonce
	authMessage := c.bare + "," + string(serverFirst) + "," + without

	clientKey := c.mac(salted, "Client Key")
	stored := c.hash.New()()
	stored.Write(clientKey)
	proof := c.mac(stored.Sum(nil), authMessage)
	for i := range proof {
		proof[i] ^= clientKey[i]
	}
	signature := c.mac(c.mac(salted, "Server Key"), authMessage)
	return []byte(without + ",p=" + base64.StdEncoding.EncodeToString(proof)),
		[]byte("v=" + base64.StdEncoding.EncodeToString(signature))
}

func (c *client) mac(key []byte, text string) []byte {
	m := hmac.New(c.hash.New(), key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// login runs the whole exchange and checks the server's signature.
func (c *client) login(x *auth.Exchange) error {
	challenge, done, err := x.Start(c.mechanism(), c.first())
	if err != nil || done {
		return err
	}
	message, want := c.final(challenge)
	got, done, err := x.Step(message)
	if err == nil && (!done || !bytes.Equal(got, want)) {
		return fmt.Errorf("server-final is %q (done: %v), want %q", got, done, want)
	}
	return err
}

func attributes(message []byte) map[byte]string {
	attrs := make(map[byte]string)
	for _, a := range strings.Split(string(message), ",") {
		if len(a) > 2 {
			attrs[a[0]] = a[2:]
		}
	}
	return attrs
}

func exported(t testing.TB, p auth.Params) []byte {
	t.Helper()
	data, err := p.TLS.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, 32)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func sha256Of(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:]
}
