package muc

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"

	"mellium.im/xmpp/stanza"

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

const (
	fieldProtected = "muc#roomconfig_passwordprotectedroom"
	fieldSecret    = "muc#roomconfig_roomsecret"
	maxPassword    = 1 << 10 // bytes
)

// passwordFacet asks for a password at the door (XEP-0045 §7.2.5). Owners know it from the form, so they need not say it.
var passwordFacet = facet{
	form: func(f *wire.FormWriter, r *room) {
		password, err := r.password()
		if err != nil {
			r.log.Error("password unreadable", "err", err)
		}
		f.Boolean(fieldProtected, "Ask for a password to enter", len(r.set.Password) > 0)
		f.TextPrivate(fieldSecret, "Password", password)
	},
	read: func(f wire.Form, r *room, set *settings) error {
		protected := len(set.Password) > 0
		if err := readBool(f, fieldProtected, &protected); err != nil {
			return err
		}
		secret := f.Value(fieldSecret)
		switch {
		case !protected:
			set.Password = nil
		case !f.Has(fieldSecret) && len(set.Password) > 0:
		case secret == "": // §10.1.3: a blank password is not acceptable
			return refusal(stanza.Modify, stanza.NotAcceptable, "A room with a password needs one.")
		case len(secret) > maxPassword:
			return refusal(stanza.Modify, stanza.NotAcceptable, "The password is too long.")
		default:
			if is, err := r.password(); err == nil && is == secret {
				return nil // sealed anew it would look like a change
			}
			set.Password = r.s.seal.close(r.addr, secret)
		}
		return nil
	},
	feature: func(set *settings) string {
		if len(set.Password) > 0 {
			return "muc_passwordprotected"
		}
		return "muc_unsecured"
	},
	join: func(r *room, j *joining) error {
		if len(r.set.Password) == 0 || j.affiliation == owner || r.sessions[j.full] != nil || j.token != nil {
			return nil
		}
		want, err := r.password()
		if err != nil {
			r.log.Error("password unreadable", "err", err)
			return errPassword
		}
		k, ok := j.x.Kid("", "password")
		if !ok || subtle.ConstantTimeCompare([]byte(k.Text()), []byte(want)) != 1 {
			return errPassword
		}
		return nil
	},
}

var errPassword = refusal(stanza.Auth, stanza.NotAuthorized, "The room asks for its password.") // §7.2.5

// password returns the room's password, "" if it has none.
func (r *room) password() (string, error) {
	if len(r.set.Password) == 0 {
		return "", nil
	}
	return r.s.seal.open(r.addr, r.set.Password)
}
