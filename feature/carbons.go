package feature

import (
	"context"
	"encoding/xml"
	"slices"
	"strings"
	"sync"

	"salon.im/salon/archive"
	"salon.im/salon/router"
	"salon.im/salon/wire"
)

const (
	nsCarbons = "urn:xmpp:carbons:2"
	nsForward = "urn:xmpp:forward:0"
	nsHints   = "urn:xmpp:hints"
)

// maxCopied bounds the copied messages that we remember, so that an error that answers one is copied too.
const maxCopied = 8192

// carbons copies messages to the other sessions of both parties. mu guards copied, and is a leaf.
type carbons struct {
	r *router.Router

	mu     sync.Mutex
	copied *router.Recent[copyKey, struct{}]
}

func newCopied() *router.Recent[copyKey, struct{}] {
	return router.NewRecent[copyKey, struct{}](maxCopied)
}

// copyKey names a message by its sender, the bare address that it went to, and its id.
type copyKey struct {
	from, to wire.Addr
	id       string
}

// Carbons copies the messages that an account sends or receives to those of its sessions that asked for it and do not have
// them (XEP-0280). The rules are those of §6.1, in full.
func Carbons(r *router.Router) {
	c := &carbons{r: r, copied: newCopied()}
	x := router.XEP{Num: 280, Version: "1.0.1", Status: "complete"}
	r.Advertise(router.OnServer, x, nsCarbons, "urn:xmpp:carbons:rules:0")
	r.Advertise(router.OnAccount, x, nsCarbons, "urn:xmpp:carbons:rules:0")
	r.Advertise(router.OnServer, router.XEP{Num: 297, Version: "1.0", Status: "complete"})
	for _, on := range []string{"enable", "disable"} {
		name := xml.Name{Space: nsCarbons, Local: on}
		r.HandleIQ(router.ToOwn, "set", name, c.toggle(on == "enable"))
		r.HandleIQ(router.ToServer|router.ToAccount, "set", name, // §4.1: only the client's own server can
			func(context.Context, wire.Stanza) (wire.Payload, error) { return nil, errNotAllowed })
	}
	r.Observe(c.observe)
}

// toggle switches copies for the session that asks; twice is no error (§10.1).
func (c *carbons) toggle(on bool) router.IQHandler {
	return func(_ context.Context, st wire.Stanza) (wire.Payload, error) {
		res := c.r.Resource(st.From())
		if res == nil {
			return nil, errNotAllowed
		}
		res.Set(router.FlagCarbons, on)
		return nil, nil
	}
}

func (c *carbons) observe(_ context.Context, w *router.Walk) {
	st := w.Stanza
	from, to := st.From(), st.To()
	if !c.copies(from) && !c.copies(to) || !c.eligible(st) {
		return
	}
	c.remember(st)
	sent := w.Sent
	if sent.IsZero() {
		sent = st
	}
	for _, res := range c.r.Resources(from.Bare()) {
		// §8: every session but the one that sent it; one that has the message itself (it was to oneself) needs no copy.
		if res.Has(router.FlagCarbons) && res.Addr() != from && !slices.Contains(w.Delivered, res) && c.sharesRoom(res, sent) {
			c.send(res, sent, "sent")
		}
	}
	if from.Bare() == to.Bare() || fromRoom(c.r, st) {
		return
	}
	for _, res := range c.r.Resources(to.Bare()) {
		if res.Has(router.FlagCarbons) && !slices.Contains(w.Delivered, res) { // §7
			c.send(res, st, "received")
		}
	}
}

// copies reports whether any session of the address wants copies.
func (c *carbons) copies(a wire.Addr) bool {
	for _, res := range c.r.Resources(a.Bare()) {
		if res.Has(router.FlagCarbons) {
			return true
		}
	}
	return false
}

// send wraps a copy (XEP-0297 §3): from the account itself, of the message's type. Nothing bounces: an error of the client's
// goes to its own account (§10.3).
func (c *carbons) send(res *router.Resource, st wire.Stanza, direction string) {
	w := wire.NewWriter().Start(nsCarbons, direction).Start(nsForward, "forwarded").Stanza(st)
	res.Send(wire.New(wire.KindMessage, st.Type(), "", res.Addr().Bare(), res.Addr(), w.Payload()), 0)
}

// eligible is the list of XEP-0280 §6.1, with no-copy of XEP-0334 §4.3.
func (c *carbons) eligible(st wire.Stanza) bool {
	switch {
	case st.Has(nsCarbons, "private"), st.Has(nsHints, "no-copy"):
		return false
	case st.Type() == "groupchat":
		return false
	case st.Type() == "error":
		return c.answersCopy(st)
	case st.Type() == "chat":
		return true
	case st.Has("", "body") && st.Type() != "headline":
		return true
	}
	return hasIMPayload(st) || invites(st) || archive.Offline(st) // what the archive shows, a copy shows too: a retraction
}

// hasIMPayload finds receipts (XEP-0184), chat states (XEP-0085) and chat markers (XEP-0333).
func hasIMPayload(st wire.Stanza) bool {
	for k := range st.Kids() {
		switch ns := k.Name().Space; {
		case ns == "urn:xmpp:receipts", ns == "http://jabber.org/protocol/chatstates", strings.HasPrefix(ns, "urn:xmpp:chat-markers:"):
			return true
		}
	}
	return false
}

// invites finds a direct (XEP-0249) or a mediated invitation (XEP-0045 §7.8.2).
func invites(st wire.Stanza) bool {
	if st.Has("jabber:x:conference", "x") {
		return true
	}
	x, ok := st.Kid(nsMUCUser, "x")
	return ok && invitation(x)
}

// fromRoom finds a private message from an occupant: the room sends it to each session that joined (§6.1).
func fromRoom(r *router.Router, st wire.Stanza) bool {
	from := st.From()
	if !from.IsFull() || invites(st) || st.Type() == "error" {
		return false
	}
	return st.Has(nsMUCUser, "x") || r.IsLocal(from.Domain()) && !r.IsHost(from.Domain())
}

// sharesRoom reports whether a session may have a copy of what another one sent: a private message to an occupant is for
// sessions that are in that room too (§6.1).
func (c *carbons) sharesRoom(res *router.Resource, st wire.Stanza) bool {
	to := st.To()
	inRoom := st.Has(nsMUCUser, "x") || c.r.IsLocal(to.Domain()) && !c.r.IsHost(to.Domain())
	return !inRoom || !to.IsFull() || invites(st) || res.HasDirected(to.Bare())
}

// remember notes a copied message.
func (c *carbons) remember(st wire.Stanza) {
	if st.ID() == "" || st.Type() == "error" || len(st.ID()) > 256 {
		return
	}
	k := copyKey{st.From().Clone(), st.To().Bare().Clone(), strings.Clone(st.ID())}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.copied.Put(k, struct{}{})
}

// answersCopy reports whether an error answers a message that was copied.
func (c *carbons) answersCopy(st wire.Stanza) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, copied := c.copied.Get(copyKey{st.To(), st.From().Bare(), st.ID()})
	return copied
}
