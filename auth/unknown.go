package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"sync"
)

// minSecretBytes is the least that makes a salt of an unknown user hard to tell from a random one.
const minSecretBytes = 16

var processSecret = sync.OnceValue(func() []byte {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	return secret
})

// credential is what a try is checked against: the keys of a user or, with known false, made-up ones that no password opens.
type credential struct {
	keys   Keys
	known  bool
	status error // ErrDisabled, ErrExpired or nil: told only to who proves the password
}

// find looks a user up. The keys of an unknown user are made up before the lookup, for everyone, so that both cost the same.
func (p *Params) find(user string, h Hash) (credential, error) {
	fake := p.fakeKeys(user, h)
	k, err := p.Lookup.Lookup(p.context(), user, h)
	switch {
	case errors.Is(err, ErrNotFound):
		return credential{keys: fake}, nil
	case err != nil && !errors.Is(err, ErrDisabled) && !errors.Is(err, ErrExpired):
		return credential{}, p.unjudged(user, err)
	case k.Hash != h || k.Validate() != nil:
		return credential{}, p.unjudged(user, ErrKeys)
	}
	return credential{keys: k, known: true, status: err}, nil
}

// unjudged is the end of a try of which the server could not say whether it was right: it is no guess, and is not counted.
func (p *Params) unjudged(user string, cause error) *Failure {
	if p.Throttle != nil {
		p.Throttle.Excuse(user+"@"+p.Host, p.Addr)
	}
	f := temporary(cause)
	f.Misfit = true
	return f
}

// outcome turns a checked proof into the answer: nil for a login. An unknown user fails whatever the proof.
func (c credential) outcome(proven bool) error {
	switch {
	case !proven || !c.known:
		return fail(NotAuthorized, "")
	case errors.Is(c.status, ErrDisabled):
		return fail(AccountDisabled, "")
	case errors.Is(c.status, ErrExpired):
		return fail(CredentialsExpired, "")
	}
	return nil
}

// fakeKeys makes up keys for a user, always the same ones, with the salt length and iterations of new keys. A random salt would
// change from try to try and so tell that the user is unknown. RFC 5802 §9 leaves such care to the server.
func (p *Params) fakeKeys(user string, h Hash) Keys {
	secret := p.Secret
	if len(secret) < minSecretBytes {
		secret = processSecret()
	}
	zero := make([]byte, h.Size()) // no password is known to hash to it, and outcome does not ask
	return Keys{
		Hash: h, Iterations: p.iterations(),
		Salt:      mac(sha256.New, secret, []byte(string(h)+"\x00"+user+"@"+p.Host))[:saltBytes],
		StoredKey: zero, ServerKey: zero,
	}
}

func (p *Params) iterations() int {
	if p.Iterations == 0 {
		return DefaultIterations
	}
	return min(max(p.Iterations, MinIterations), MaxIterations)
}
