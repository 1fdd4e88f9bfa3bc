package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"strconv"

	"mellium.im/sasl"
)

// scramState is what a SCRAM exchange remembers between the client's two messages.
type scramState struct {
	user        string
	cred        credential
	first       clientFirst
	binding     []byte // data of the channel binding, nil without
	nonce       string // the client's and ours
	serverFirst string
}

// scramMechanism is the server side of RFC 5802 on stored keys.
func scramMechanism(p Params, name string, h Hash, plus bool) sasl.Mechanism {
	return sasl.Mechanism{
		Name:  name,
		Start: serverOnly,
		Next: func(n *sasl.Negotiator, message []byte, data any) (bool, []byte, any, error) {
			if st, ok := data.(*scramState); ok {
				final, err := p.scramFinal(st, message)
				if err != nil {
					return false, nil, nil, err
				}
				if !permitted(n, st.user) {
					return false, nil, nil, fail(NotAuthorized, "")
				}
				return false, final, nil, nil
			}
			st, err := p.scramFirst(h, plus, message)
			if err != nil {
				return false, nil, nil, err
			}
			return true, []byte(st.serverFirst), st, nil
		},
	}
}

// scramFirst reads the client-first message and makes the server-first message. RFC 5802 §5, §7.
func (p *Params) scramFirst(h Hash, plus bool, message []byte) (*scramState, error) {
	first, err := parseClientFirst(string(message))
	if err != nil {
		return nil, err
	}
	binding, err := p.expectedBinding(first.flag, plus)
	if err != nil {
		return nil, err
	}
	user, ok := prepareUser(first.user)
	if !ok {
		return nil, fail(NotAuthorized, "") // no account can have that name
	}
	p.note(user)
	if err := p.authorize(first.authzid, user); err != nil {
		return nil, err
	}
	if err := p.admit(user); err != nil {
		return nil, err
	}
	cred, err := p.find(user, h)
	if err != nil {
		return nil, err
	}
	st := &scramState{user: user, cred: cred, first: first, binding: binding, nonce: first.nonce + p.newNonce()}
	st.serverFirst = "r=" + st.nonce + ",s=" + base64.StdEncoding.EncodeToString(cred.keys.Salt) +
		",i=" + strconv.Itoa(cred.keys.Iterations)
	if !p.NoDowngradeHash {
		st.serverFirst += ",h=" + downgradeHash(h, p.offer.mechanisms, p.offer.types())
	}
	return st, nil
}

// scramFinal checks the client-final message and makes the server-final message. RFC 5802 §3, §5.1.
func (p *Params) scramFinal(st *scramState, message []byte) ([]byte, error) {
	final, err := parseClientFinal(string(message))
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(final.nonce), []byte(st.nonce)) != 1 {
		return nil, fail(NotAuthorized, "other-error")
	}
	expected := append([]byte(st.first.gs2Header), st.binding...)
	if subtle.ConstantTimeCompare(final.binding, expected) != 1 {
		return nil, fail(NotAuthorized, "channel-bindings-dont-match")
	}
	authMessage := []byte(st.first.bare + "," + st.serverFirst + "," + final.withoutProof)
	k := st.cred.keys
	proven := checkProof(k, final.proof, authMessage)
	signature := mac(k.Hash.New(), k.ServerKey, authMessage) // for a failure too: equal work
	if err := p.conclude(st.user, st.cred, proven); err != nil {
		return nil, err
	}
	return []byte("v=" + base64.StdEncoding.EncodeToString(signature)), nil
}

// checkProof recovers the ClientKey from the proof and compares its hash with the StoredKey, in constant time. RFC 5802 §3.
func checkProof(k Keys, proof, authMessage []byte) bool {
	if len(proof) != k.Hash.Size() {
		return false
	}
	m := hmac.New(k.Hash.New(), k.StoredKey)
	m.Write(authMessage)
	clientKey := m.Sum(nil)
	subtle.XORBytes(clientKey, clientKey, proof)
	sum := k.Hash.New()()
	sum.Write(clientKey)
	return subtle.ConstantTimeCompare(sum.Sum(nil), k.StoredKey) == 1
}

// newNonce returns our part of the nonce: 144 random bits, printable and without a comma. RFC 5802 §5.1.
func (p *Params) newNonce() string {
	if p.nonce != nil {
		return p.nonce()
	}
	b := make([]byte, 18)
	_, _ = rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}

// permitted hands the proven user to the negotiator's owner.
func permitted(n *sasl.Negotiator, user string) bool {
	return n.Permissions(sasl.Credentials(func() (username, password, identity []byte) {
		return []byte(user), nil, nil
	}))
}
