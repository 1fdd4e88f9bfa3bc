package router

import (
	"context"
	"errors"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Walk is one message on its way to a local account or from one. It belongs to its Flow; stages must not keep it.
type Walk struct {
	Stanza wire.Stanza
	// From is the sending session, nil when the message comes from a service or another domain.
	From *Resource
	// Rows are what Amend wants archived before the message is delivered: at most one for each side.
	Rows []storage.Row
	// Rewrites are what Amend wants replaced in the archive together with storing the Rows: what a retraction takes back.
	Rewrites []storage.Rewrite
	// Mark is the archive id of the recipient's undelivered row, 0 when it has none. Amend's Committed sets it.
	Mark int64
	// Committed runs once the rows have their ids and are stored, before Deliver: it writes the stanza-ids.
	Committed func(*Walk)
	// Sent is the message as its sender's other sessions see it (XEP-0280); zero means Stanza.
	Sent wire.Stanza
	// Delivered lists the sessions that took the message. Observe reads it.
	Delivered []*Resource
}

// CheckFunc may refuse a message, an IQ to anyone but the own account and the server, a presence to a local account, and
// whatever a local session sends to a service: with a stanza.Error or a DetailedError, which goes back to the sender, or
// with ErrDrop, which goes nowhere.
type CheckFunc func(ctx context.Context, w *Walk) error

// AmendFunc changes w.Stanza and adds w.Rows. An error refuses the message.
type AmendFunc func(ctx context.Context, w *Walk) error

// ObserveFunc sees a delivered message. It cannot refuse.
type ObserveFunc func(ctx context.Context, w *Walk)

// dropError is the type of ErrDrop.
type dropError struct{}

func (dropError) Error() string { return "router: dropped in silence" }

// ErrDrop refuses a stanza without telling its sender.
var ErrDrop error = dropError{}

// ErrAnswered is what an IQ handler returns that sent the result itself, because more must follow it in order.
var ErrAnswered = errors.New("router: the handler has answered")

// DetailedError is a stanza error with an application-specific condition (RFC 6120 §8.3.4).
type DetailedError struct {
	Stanza stanza.Error
	Detail wire.Payload
}

func (e DetailedError) Error() string { return e.Stanza.Error() }

// Unwrap returns the stanza error alone.
func (e DetailedError) Unwrap() error { return e.Stanza }

// Check adds to the first stage.
func (r *Router) Check(f CheckFunc) { r.check = append(r.check, f) }

// Amend adds to the second stage.
func (r *Router) Amend(f AmendFunc) { r.amend = append(r.amend, f) }

// Alone makes the messages that f picks begin their walk when all before them on their stream have ended: what such a
// message refers to is in the archive by then, as Amend looks for it. f must be quick.
func (r *Router) Alone(f func(wire.Stanza) bool) { r.alone = append(r.alone, f) }

func (r *Router) isAlone(st wire.Stanza) bool {
	for _, f := range r.alone {
		if f(st) {
			return true
		}
	}
	return false
}

// Observe adds to the last stage.
func (r *Router) Observe(f ObserveFunc) { r.observe = append(r.observe, f) }

// refuse answers for a stage that refused w.
func (r *Router) refuse(ctx context.Context, st wire.Stanza, err error) {
	if err == ErrDrop {
		r.CountDrop(DropRefused)
		return
	}
	r.bounce(ctx, st, r.stanzaError(st, err), detail(err)...)
}

// detail returns the application-specific condition of an error.
func detail(err error) []wire.Payload {
	var d DetailedError
	if errors.As(err, &d) {
		return []wire.Payload{d.Detail}
	}
	return nil
}

func (r *Router) runCheck(ctx context.Context, w *Walk) error {
	for _, f := range r.check {
		if err := f(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

func (r *Router) runAmend(ctx context.Context, w *Walk) error {
	for _, f := range r.amend {
		if err := f(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// CheckTo runs the Check stage for a stanza that a feature is about to deliver to a local account by itself (presence).
func (r *Router) CheckTo(ctx context.Context, st wire.Stanza) error {
	return r.runCheck(ctx, &Walk{Stanza: st})
}

// shape holds a stanza against RFC 6120 §8 before it is routed, and gives one without `to` its recipient: a message goes
// to the sender's own account (§10.3.1), an IQ too (§10.3.3). Presence without `to` stays as it is.
func shape(st wire.Stanza) (wire.Stanza, error) {
	if st.Malformed() != nil {
		return st, stanza.Error{Type: stanza.Modify, Condition: stanza.JIDMalformed} // RFC 6120 §8.3.3.8
	}
	if st.Kind() == wire.KindIQ {
		return st, checkIQ(st)
	}
	if st.Kind() == wire.KindMessage && st.To().IsZero() {
		return st.WithTo(st.From().Bare()), nil
	}
	return st, nil
}
