package auth

import (
	"crypto/subtle"
	"strings"
	"unicode/utf8"

	"mellium.im/sasl"
)

// plainOrder is the order in which PLAIN prefers stored keys: the cheapest check first, since all are as good for it.
var plainOrder = [...]Hash{SHA256, SHA512, SHA1}

// plainMechanism is the server side of RFC 4616. One message, one PBKDF2.
func plainMechanism(p Params) sasl.Mechanism {
	return sasl.Mechanism{
		Name:  plainName,
		Start: serverOnly,
		Next: func(n *sasl.Negotiator, message []byte, _ any) (bool, []byte, any, error) {
			user, err := p.plainLogin(string(message))
			if err != nil {
				return false, nil, nil, err
			}
			if !permitted(n, user) {
				return false, nil, nil, fail(NotAuthorized, "")
			}
			return false, nil, nil, nil
		},
	}
}

func (p *Params) plainLogin(message string) (user string, err error) {
	if p.TLS == nil {
		return "", fail(EncryptionRequired, "") // RFC 6120 §13.8.3, for callers without an Exchange too
	}
	authzid, name, password, err := parsePlain(message)
	if err != nil {
		return "", err
	}
	user, ok := prepareUser(name)
	if !ok {
		return "", fail(NotAuthorized, "")
	}
	p.note(user)
	if err := p.authorize(authzid, user); err != nil {
		return "", err
	}
	prepared, err := preparePassword(password)
	if err != nil {
		return "", fail(NotAuthorized, "") // no account can have that password
	}
	if err := p.admit(user); err != nil {
		return "", err
	}
	cred, err := p.plainKeys(user)
	if err != nil {
		return "", err
	}
	var proven bool
	err = p.pool().Run(p.context(), func() {
		got, err := deriveKeys(prepared, cred.keys.Hash, cred.keys.Salt, cred.keys.Iterations)
		proven = err == nil && subtle.ConstantTimeCompare(got.StoredKey, cred.keys.StoredKey) == 1
	})
	if err != nil {
		return "", err
	}
	return user, p.conclude(user, cred, proven)
}

// plainKeys returns the user's first keys in plainOrder. It asks for every hash always: stopping at the first would make unknown users slower.
func (p *Params) plainKeys(user string) (credential, error) {
	var chosen credential
	for _, h := range plainOrder {
		c, err := p.find(user, h)
		if err != nil {
			return credential{}, err
		}
		if chosen.keys.Hash == "" || c.known && !chosen.known {
			chosen = c
		}
	}
	return chosen, nil
}

// parsePlain takes a message apart at its two NULs. RFC 4616 §2.
func parsePlain(message string) (authzid, name, password string, err error) {
	parts := strings.Split(message, "\x00")
	switch {
	case len(parts) != 3 || !utf8.ValidString(message):
		return "", "", "", malformed("")
	case parts[1] == "" || len(parts[1]) > maxUserBytes || parts[2] == "" || len(parts[2]) > MaxPasswordBytes:
		return "", "", "", malformed("")
	}
	return parts[0], parts[1], parts[2], nil
}
