package router

import (
	"context"
	"encoding/xml"
	"errors"
	"log/slog"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Target says at whose address an IQ handler answers. Targets may be combined.
type Target uint8

// The targets of IQ handlers.
const (
	// ToServer is a host's own address.
	ToServer Target = 1 << iota
	// ToOwn is the sender's own account: its bare address, or no `to` (RFC 6120 §10.3.3).
	ToOwn
	// ToAccount is a local account asked by anyone else. The handler must check what the sender may see.
	ToAccount
	// ToNobody is an address of ours without an account, for what must be answered just as for one that hides (XEP-0030 §8).
	ToNobody
)

// IQHandler answers one kind of request: with the payload of the result (nil for an empty one), or with an error, which is a
// stanza.Error or a DetailedError for the sender, or ErrAnswered; any other error is logged and becomes
// internal-server-error. It may block on storage.
type IQHandler func(ctx context.Context, st wire.Stanza) (wire.Payload, error)

type iqKey struct {
	target Target
	typ    string
	name   xml.Name
}

// HandleIQ registers the handler for requests of a type, "get" or "set", with that payload at the targets.
// Registering a second one for the same is a mistake in the program, and panics at start-up.
func (r *Router) HandleIQ(targets Target, typ string, name xml.Name, h IQHandler) {
	for _, t := range []Target{ToServer, ToOwn, ToAccount, ToNobody} {
		if targets&t == 0 {
			continue
		}
		k := iqKey{t, typ, name}
		if r.iq[k] != nil {
			panic("router: two handlers for IQ " + typ + " " + name.Space)
		}
		r.iq[k] = h
	}
}

// target says which handlers an IQ to a host or a bare address asks for.
func (r *Router) target(ctx context.Context, st wire.Stanza) (Target, error) {
	to := st.To()
	switch {
	case to.IsZero() || to == st.From().Bare():
		return ToOwn, nil
	case to.IsHost():
		return ToServer, nil
	}
	ok, err := r.Exists(ctx, to)
	if !ok {
		return ToNobody, err
	}
	return ToAccount, err
}

// answerIQ runs the handler of a request to this server or a local account, and sends the one reply (RFC 6120 §8.2.3).
func (r *Router) answerIQ(ctx context.Context, st wire.Stanza) {
	if t := st.Type(); t == "result" || t == "error" {
		r.answered(st)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, iqTimeout)
	defer cancel()
	p, err := r.callIQ(ctx, st)
	if err == ErrAnswered {
		return
	}
	if err != nil {
		e := r.stanzaError(st, err)
		if errors.As(err, new(Quiet)) {
			st = st.Edit().Cut(func(wire.Kid) bool { return true }).Stanza()
		}
		r.bounce(ctx, st, e, detail(err)...)
		return
	}
	r.Send(ctx, st.Result(p))
}

// Quiet is a handler's error that is answered without the request's content: it held a secret (XEP-0077 §3.3).
type Quiet struct{ Err error }

func (q Quiet) Error() string { return q.Err.Error() }

// Unwrap returns what the sender is told.
func (q Quiet) Unwrap() error { return q.Err }

func (r *Router) callIQ(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
	target, err := r.target(ctx, st)
	if err != nil {
		return nil, err
	}
	for kid := range st.Kids() {
		if h := r.iq[iqKey{target, st.Type(), kid.Name()}]; h != nil {
			return h(ctx, st)
		}
	}
	// RFC 6120 §8.4: unknown payloads are answered, never ignored.
	return nil, stanza.Error{Type: stanza.Cancel, Condition: stanza.ServiceUnavailable}
}

// stanzaError turns a handler's error into the sender's: a stanza.Error as it is, anything else logged and hidden.
func (r *Router) stanzaError(st wire.Stanza, err error) stanza.Error {
	var se stanza.Error
	if errors.As(err, &se) {
		return se
	}
	level := slog.LevelError
	if errors.Is(err, storage.ErrAway) {
		level = slog.LevelDebug // it was said once already
	}
	r.o.Log.Log(context.Background(), level, "stanza failed", "from", st.From().String(), "name", st.Name().Local, "err", err)
	return stanza.Error{Type: stanza.Wait, Condition: stanza.InternalServerError}
}

// checkIQ holds a request against RFC 6120 §8.2.3: an id, a known type, and exactly one child for get and set.
func checkIQ(st wire.Stanza) error {
	bad := stanza.Error{Type: stanza.Modify, Condition: stanza.BadRequest}
	if st.ID() == "" {
		return bad
	}
	switch st.Type() {
	case "get", "set":
		if st.NumKids() != 1 {
			return bad
		}
	case "result", "error":
	default:
		return bad
	}
	return nil
}
