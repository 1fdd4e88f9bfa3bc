package archive_test

import (
	"testing"

	"salon.im/salon/archive"
	"salon.im/salon/wire"
)

const (
	body     = `<body>hi</body>`
	store    = `<store xmlns='urn:xmpp:hints'/>`
	noStore  = `<no-store xmlns='urn:xmpp:hints'/>`
	noPerm   = `<no-permanent-store xmlns='urn:xmpp:hints'/>`
	state    = `<composing xmlns='http://jabber.org/protocol/chatstates'/>`
	receipt  = `<received xmlns='urn:xmpp:receipts' id='1'/>`
	omemo    = `<encrypted xmlns='eu.siacs.conversations.axolotl'/>`
	reaction = `<reactions xmlns='urn:xmpp:reactions:0' id='1'/>`
	retract  = `<retract xmlns='urn:xmpp:message-retract:1' id='1'/>`
	mucUser  = `http://jabber.org/protocol/muc#user`
)

func TestRules(t *testing.T) {
	const all, user, none = "SO", "S", ""
	for i, c := range []struct {
		typ, kids, want, source string // want: S is Store, O is Offline, R is StoreRoom
	}{
		{"chat", body, all, "XEP-0313 §6.1.1"},
		{"normal", body, all, "XEP-0313 §6.1.1"},
		{"", body, all, "RFC 6121 §5.2.2: no type is normal"},
		{"unheard-of", body, all, "RFC 6121 §5.2.2: an unknown type is normal"},
		{"", `<subject>a</subject>` + body, all, "RFC 6121 §5.2.4"},
		{"", `<subject>a</subject>`, all, "XEP-0160 §3: normal is stored"},
		{"chat", `<body xmlns='urn:example'/>`, none, "a body of another namespace is none"},
		{"chat", `<x xmlns='urn:example'>` + body + `</x>`, none, "nor is one further in"},
		{"chat", state, none, "XEP-0160 §3: chat states alone"},
		{"chat", state + body, all, "XEP-0160 §3"},
		{"chat", state + store, user, "XEP-0334 §4.4, XEP-0085 §5.8: archived, not kept for later"},
		{"chat", state + receipt, all, "XEP-0184"},
		{"chat", store, all, "XEP-0334 §4.4"},
		{"chat", ``, none, "nothing in it"},
		{"chat", `<request xmlns='urn:xmpp:receipts'/>`, none, "XEP-0184 §5: a request alone"},
		{"chat", receipt, all, "XEP-0184 §5"},
		{"", receipt, all, "XEP-0184 §5"},
		{"chat", `<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>`, all, "XEP-0333"},
		{"chat", `<received xmlns='urn:xmpp:chat-markers:0' id='1'/>`, all, "XEP-0333"},
		{"chat", `<markable xmlns='urn:xmpp:chat-markers:0'/>`, none, "XEP-0333: marks a message, is none"},
		{"chat", reaction, all, "XEP-0444"},
		{"chat", `<replace xmlns='urn:xmpp:message-correct:0' id='1'/>`, all, "XEP-0308"},
		{"chat", retract, all, "XEP-0424 §4"},
		{"", retract, all, "XEP-0424 §4"},
		{"chat", retract + noStore, all, "XEP-0424 §6: must be stored"},
		{"chat", `<retract xmlns='urn:xmpp:message-retract:1'/>` + noStore, none, "retracts nothing"},
		{"error", retract, none, "XEP-0334 §5"},
		{"headline", retract, none, "XEP-0313 §6.1.1"},
		{"chat", `<propose xmlns='urn:xmpp:jingle-message:0' id='1'/>` + store, all, "XEP-0353 §3: it has a hint"},
		{"chat", `<propose xmlns='urn:xmpp:jingle-message:0' id='1'/>`, none, "XEP-0353 §3: it must have a hint"},
		{"chat", `<invite xmlns='urn:xmpp:call-invites:0'/>`, all, "XEP-0482"},
		{"chat", `<left xmlns='urn:xmpp:call-invites:0' id='1'/>`, all, "XEP-0482"},
		{"chat", `<encryption xmlns='urn:xmpp:eme:0' namespace='urn:example'/>`, all, "XEP-0380"},
		{"chat", `<x xmlns='jabber:x:encrypted'/>`, all, "XEP-0027"},
		{"chat", `<attention xmlns='urn:xmpp:attention:0'/>`, none, "XEP-0224: of the moment"},
		{"", `<event xmlns='http://jabber.org/protocol/pubsub#event'/>`, none, "XEP-0060: the node has it"},
		{"chat", `<fallback xmlns='urn:xmpp:fallback:0' for='urn:example'/>`, none, "XEP-0428: of a body that is not there"},
		{"chat", `<apply-to xmlns='urn:xmpp:fasten:0' id='1'><retract xmlns='urn:xmpp:message-retract:0'/></apply-to>`, all, "XEP-0424 (0.3)"},
		{"chat", omemo, all, "XEP-0384 (0.3)"},
		{"chat", `<encrypted xmlns='urn:xmpp:omemo:2'/>`, all, "XEP-0384"},
		{"chat", `<openpgp xmlns='urn:xmpp:openpgp:0'/>`, all, "XEP-0373"},
		{"", `<x xmlns='jabber:x:conference' jid='a@b.example'/>`, all, "XEP-0249"},
		{"", `<x xmlns='` + mucUser + `'><invite/></x>`, all, "XEP-0045 §7.8.2"},
		{"", `<x xmlns='` + mucUser + `'><decline/></x>`, all, "XEP-0045 §7.8.2"},
		{"", `<x xmlns='` + mucUser + `'><status code='104'/></x>`, none, "XEP-0045 §10.2.1"},
		{"chat", `<x xmlns='` + mucUser + `'/>` + body, all, "XEP-0045 §7.5: a private message"},
		{"chat", body + noStore, none, "XEP-0334 §4.2"},
		{"chat", body + noPerm, none, "XEP-0334 §4.1"},
		{"chat", body + store + noStore, none, "XEP-0334: the refusal counts"},
		{"chat", body + `<no-copy xmlns='urn:xmpp:hints'/>`, all, "XEP-0334 §4.3"},
		{"error", body, none, "XEP-0160 §3"},
		{"error", body + store, none, "XEP-0334 §4.4, §5"},
		{"headline", body, none, "XEP-0313 §6.1.1, XEP-0160 §3"},
		{"headline", body + store, user, "XEP-0334 §4.4, XEP-0160 §3"},
		{"headline", body + store + noStore, none, "XEP-0334 §4.2"},
		{"groupchat", body, "R", "XEP-0313 §6.1.2"},
		{"groupchat", `<subject>a</subject>`, "R", "XEP-0313 §6.1.2"},
		{"groupchat", `<subject/>`, "R", "XEP-0313 §6.1.2: a subject that is taken away"},
		{"groupchat", `<subject/>` + noStore, none, "XEP-0334 §4.2"},
		{"groupchat", `<subject>a</subject>` + body, "R", "XEP-0045 §8.1: a message, not a change"},
		{"groupchat", state, none, "XEP-0085 §5.5"},
		{"groupchat", omemo, "R", "XEP-0384"},
		{"groupchat", reaction, "R", "XEP-0444"},
		{"groupchat", retract, "R", "XEP-0424 §6"},
		{"groupchat", retract + noPerm, "R", "XEP-0424 §6: must be stored"},
		{"groupchat", `<retract xmlns='urn:xmpp:message-retract:1' id='1'><moderated xmlns='urn:xmpp:message-moderate:1'/></retract>`, "R", "XEP-0425 §4.1"},
		{"groupchat", `<subject>a</subject>` + retract, "R", "XEP-0424 §6"},
		{"groupchat", `<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>`, "R", "XEP-0333"},
		{"groupchat", `<replace xmlns='urn:xmpp:message-correct:0' id='1'/>` + body, "R", "XEP-0308"},
		{"groupchat", body + noStore, none, "XEP-0334 §4.2"},
		{"groupchat", body + noPerm, none, "XEP-0334 §4.1: chatroom logs"},
		{"groupchat", state + store, "R", "XEP-0334 §4.4"},
		{"groupchat", `<x xmlns='` + mucUser + `'><status code='104'/></x>`, none, "XEP-0045 §10.2.1"},
	} {
		typ := ""
		if c.typ != "" {
			typ = ` type='` + c.typ + `'`
		}
		st, err := wire.Parse([]byte(`<message xmlns='jabber:client'` + typ + `>` + c.kids + `</message>`))
		if err != nil {
			t.Fatal(i, err)
		}
		if got := verdict(st); got != c.want {
			t.Errorf("%d: %s: %q, want %q: %s %s", i, c.source, got, c.want, c.typ, c.kids)
		}
	}
	for _, s := range []string{`<presence xmlns='jabber:client'>` + store + `</presence>`, `<iq xmlns='jabber:client' type='get' id='1'>` + store + `</iq>`} {
		st, err := wire.Parse([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		if got := verdict(st); got != "" {
			t.Errorf("%q: %s", got, s)
		}
	}
}

func verdict(st wire.Stanza) (s string) {
	if archive.Store(st) {
		s += "S"
	}
	if archive.Offline(st) {
		s += "O"
	}
	if archive.StoreRoom(st) {
		s += "R"
	}
	return s
}
