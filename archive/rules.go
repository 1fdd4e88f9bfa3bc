package archive

import "salon.im/salon/wire"

const (
	nsHints      = "urn:xmpp:hints"
	nsCalls      = "urn:xmpp:call-invites:0"
	nsChatStates = "http://jabber.org/protocol/chatstates"
)

type name struct{ space, local string }

// content lists the children beside <body/> that make a message worth keeping: XEP-0313 §6.1.1 leaves them to us.
var content = map[name]bool{
	{"eu.siacs.conversations.axolotl", "encrypted"}: true, // XEP-0384 before 0.4, as deployed
	{"urn:xmpp:omemo:1", "encrypted"}:               true,
	{"urn:xmpp:omemo:2", "encrypted"}:               true, // XEP-0384
	{"urn:xmpp:openpgp:0", "openpgp"}:               true, // XEP-0373
	{"jabber:x:encrypted", "x"}:                     true, // XEP-0027
	{"urn:xmpp:eme:0", "encryption"}:                true, // XEP-0380: of whatever kind

	{"urn:xmpp:receipts", "received"}:           true, // XEP-0184 §5; a request alone is no content
	{"urn:xmpp:chat-markers:0", "received"}:     true, // XEP-0333
	{"urn:xmpp:chat-markers:0", "displayed"}:    true,
	{"urn:xmpp:chat-markers:0", "acknowledged"}: true,
	{"urn:xmpp:reactions:0", "reactions"}:       true, // XEP-0444
	{nsCorrect, "replace"}:                      true, // XEP-0308
	{nsRetract, "retract"}:                      true, // XEP-0424, XEP-0425
	{"urn:xmpp:fasten:0", "apply-to"}:           true, // XEP-0424 before 0.4, XEP-0425 before 0.3

	{"urn:xmpp:sfs:0", "file-sharing"}: true, // XEP-0447
	{"jabber:x:oob", "x"}:              true, // XEP-0066
	{"jabber:x:conference", "x"}:       true, // XEP-0249: an invitation

	{nsCalls, "invite"}:  true, // XEP-0482: who was away learns of a call, and that it is over
	{nsCalls, "retract"}: true,
	{nsCalls, "accept"}:  true,
	{nsCalls, "reject"}:  true,
	{nsCalls, "left"}:    true,
}

// Store reports whether a message belongs into a user's archive, for the local party that sent or receives it.
//
// It is for messages outside of rooms and for private messages within: a room's own messages lie in the room's archive
// (StoreRoom). The caller asks only for messages that were accepted. XEP-0313 §6.1.1.
func Store(st wire.Stanza) bool {
	if st.Kind() != wire.KindMessage {
		return false
	}
	switch st.Type() {
	case "error", "groupchat": // XEP-0334 §5: hints in an error do not count
		return false
	case "headline": // XEP-0313 §6.1.1: not generally suggested
		return hinted(st, "store") && !forbidden(st)
	}
	return !forbidden(st) && (hinted(st, "store") || means(st))
}

// means says that a message between people has something to say, whatever its hints are.
func means(st wire.Stanza) bool { return hasContent(st) || st.Has("", "subject") || invites(st) }

// Offline reports whether a message to a local user is kept for delivery when none of the user's sessions takes it.
//
// Offline messages lie in the archive, so whatever is offline is stored too. That holds no-permanent-store back as well:
// it asks us not to archive, and we have no second place. XEP-0160 §3.
func Offline(st wire.Stanza) bool {
	if st.Type() == "headline" || !Store(st) { // §3: time-sensitive; groupchat and error are not stored either
		return false
	}
	return means(st) || !chatState(st) // XEP-0085 §5.8: a state that was long ago is none, hint or not
}

// chatState finds a chat state (XEP-0085).
func chatState(st wire.Stanza) bool {
	for k := range st.Kids() {
		if k.Name().Space == nsChatStates {
			return true
		}
	}
	return false
}

// StoreRoom reports whether a message that a room accepted, or sends itself, belongs into the room's archive.
//
// Subject changes are among them, though the history that who enters is sent leaves them out. XEP-0313 §6.1.2.
func StoreRoom(st wire.Stanza) bool {
	if st.Kind() != wire.KindMessage || st.Type() != "groupchat" || forbidden(st) {
		return false
	}
	return hinted(st, "store") || hasContent(st) || st.Has("", "subject")
}

// forbidden says that a hint keeps the message out of every archive. It outweighs a hint to store. A retraction is kept
// whatever it says: who was offline learns of it from the archive (XEP-0424 §6).
func forbidden(st wire.Stanza) bool {
	if _, ok := Retracts(st); ok {
		return false
	}
	return hinted(st, "no-store") || hinted(st, "no-permanent-store") // XEP-0334 §4.1, §4.2
}

func hinted(st wire.Stanza, hint string) bool { return st.Has(nsHints, hint) }

func hasContent(st wire.Stanza) bool {
	if st.Has("", "body") { // nearly always
		return true
	}
	for k := range st.Kids() {
		n := k.Name()
		if content[name{n.Space, n.Local}] {
			return true
		}
	}
	return false
}

// invites finds a mediated invitation or its refusal: XEP-0045 §7.8.2.
func invites(st wire.Stanza) bool {
	x, ok := st.Kid("http://jabber.org/protocol/muc#user", "x")
	if !ok {
		return false
	}
	_, invite := x.Kid("", "invite")
	_, decline := x.Kid("", "decline")
	return invite || decline
}
