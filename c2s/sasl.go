package c2s

import (
	"context"
	"errors"
	"slices"

	"salon.im/salon/auth"
	"salon.im/salon/storage"
	"salon.im/salon/stream"
	"salon.im/salon/wire"
)

// maxMisfits bounds the refusals of a stream that are no guesses: room for a client that tries each mechanism in vain.
const maxMisfits = 10

// exchange returns the stream's SASL exchange. It lists the same mechanisms for the stream's whole life (XEP-0474).
func (n *negotiation) exchange() *auth.Exchange {
	if n.sasl != nil {
		return n.sasl
	}
	cfg := n.s.o.Config()
	state := n.tlsState()
	n.keys = keyLookup{accounts: n.s.o.Accounts, host: n.host}
	p := auth.Params{
		Context: n.ctx, Lookup: &n.keys, Host: n.host, Mechanisms: cfg.Auth.Mechanisms,
		TLS: state, Secret: n.s.o.Secret, Iterations: cfg.Auth.Iterations, Pool: n.s.pool, Throttle: n.s.throttle.get(cfg),
		Addr: remoteAddr(n.c.RemoteAddr()),
	}
	if state != nil {
		p.Leaf = n.s.o.Leaf(state.ServerName, n.host)
	}
	n.sasl = auth.NewExchange(p)
	return n.sasl
}

// keyLookup finds the SCRAM keys of a host's users. It reads an account once for a try, however many hashes are asked for.
type keyLookup struct {
	accounts storage.Accounts
	host     string
	addr     wire.Addr // whose account and err follow
	account  storage.Account
	err      error
}

// forget makes the next Lookup read.
func (k *keyLookup) forget() { k.addr, k.account, k.err = wire.Addr{}, storage.Account{}, nil }

// Lookup implements auth.Lookup.
func (k *keyLookup) Lookup(ctx context.Context, user string, h auth.Hash) (auth.Keys, error) {
	addr, err := wire.NewAddr(user, k.host, "")
	if err != nil {
		return auth.Keys{}, auth.ErrNotFound
	}
	if addr != k.addr {
		k.account, k.err = k.accounts.Account(ctx, addr)
		k.addr = addr
	}
	if errors.Is(k.err, storage.ErrNotFound) {
		return auth.Keys{}, auth.ErrNotFound
	}
	if k.err != nil {
		return auth.Keys{}, k.err
	}
	i := slices.IndexFunc(k.account.Keys, func(k storage.Key) bool { return k.Hash == string(h) })
	if i < 0 {
		return auth.Keys{}, auth.ErrNotFound
	}
	key := k.account.Keys[i]
	return auth.Keys{Hash: h, Salt: key.Salt, Iterations: key.Iterations, StoredKey: key.StoredKey, ServerKey: key.ServerKey}, nil
}

// authenticate takes one SASL element (RFC 6120 §6.4).
func (n *negotiation) authenticate(st wire.Stanza) error {
	if !n.user.IsZero() {
		return stream.Error("policy-violation", "already logged in") // §6.4.6: no second login
	}
	x := n.exchange()
	if st.Name().Local == "abort" {
		x.Abort()
		return n.refused(&auth.Failure{Condition: auth.Aborted}) // §6.4.4
	}
	data, err := auth.Decode(st.Text())
	var challenge []byte
	var done bool
	if err != nil {
		x.Abort() // the try that it belongs to is over
	} else {
		switch st.Name().Local {
		case "auth":
			n.mechanism = st.Attr("mechanism")
			n.keys.forget()
			challenge, done, err = x.Start(st.Attr("mechanism"), data)
		case "response":
			challenge, done, err = x.Step(data)
		default:
			return stream.Error("unsupported-stanza-type", "")
		}
	}
	switch {
	case err != nil:
		return n.refused(err)
	case done:
		return n.loggedIn(x, challenge)
	}
	return n.say("challenge", challenge)
}

// say writes a SASL element with base64 data.
func (n *negotiation) say(name string, data []byte) error {
	w := wire.NewWriter()
	w.Elem(nsSASL, name, auth.Encode(data))
	return n.c.Write(w.Payload())
}

// refused answers a failed try; the last one closes the stream (RFC 6120 §6.4.5).
func (n *negotiation) refused(err error) error {
	f := &auth.Failure{Condition: auth.TemporaryAuthFailure}
	errors.As(err, &f)
	n.s.Stats.failed(f.Condition)
	n.logFailure(f)
	w := wire.NewWriter()
	w.Start(nsSASL, "failure")
	w.Elem(nsSASL, string(f.Condition), "")
	if f.Text != "" {
		w.Start(nsSASL, "text")
		w.Attr("xml:lang", "en")
		w.Text(f.Text)
		w.End()
	}
	w.End()
	if err := n.c.Write(w.Payload()); err != nil {
		return err
	}
	if f.Misfit {
		n.misfits++
	} else {
		n.tries++
	}
	if n.tries >= n.s.o.Config().Auth.Tries || n.misfits > maxMisfits {
		return stream.Error("policy-violation", "too many failed logins")
	}
	return nil
}

// loggedIn ends SASL and expects a new header, with the limits of an account (RFC 6120 §6.4.6).
func (n *negotiation) loggedIn(x *auth.Exchange, data []byte) error {
	user, err := wire.NewAddr(x.User(), n.host, "")
	if err != nil {
		return notAuthorized("")
	}
	if err := n.say("success", data); err != nil {
		return err
	}
	n.s.Stats.Logins.Add(1)
	n.user = user
	n.keys.forget()
	n.restart()
	l := n.s.o.Config().Limits
	n.c.SetLimits(wire.Limits{StanzaBytes: int(l.Stanza), Depth: l.Depth, Attributes: l.Attributes, Namespaces: maxNamespaces})
	return nil
}
