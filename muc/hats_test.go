package muc_test

import (
	"fmt"
	"strings"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// hatCommand runs a command about hats with a form, and returns what that brought.
func (p *person) hatCommand(node string, fields ...string) []string {
	p.w.t.Helper()
	var b strings.Builder
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		b.WriteString(`<field var='hats#` + name + `'><value>` + value + `</value></field>`)
	}
	p.say(`<iq type='set' id='hat' to='` + roomJID + `'><command xmlns='http://jabber.org/protocol/commands' node='urn:xmpp:hats:commands:` + node +
		`'><x xmlns='jabber:x:data' type='submit'>` + b.String() + `</x></command></iq>`)
	return p.sync()
}

func (p *person) member(who string) {
	p.w.t.Helper()
	p.affiliate(who+"@"+host, "member")
}

// XEP-0317: neither the hats of a room nor those of a person grow without bound.
func TestHatsBounded(t *testing.T) {
	w := newWorld(t)
	anna := w.dial("anna")
	anna.instant("A")
	for i := range 50 {
		w.want(anna.hatCommand("create", "title=t", fmt.Sprintf("uri=urn:x:%d", i)), `status="completed"`)
	}
	w.want(anna.hatCommand("create", "title=t", "uri=urn:x:50"), "resource-constraint")
	w.want(anna.hatCommand("create", "title=other", "uri=urn:x:49"), `status="completed"`)
	for n := range 100 {
		who := fmt.Sprintf("u%d", n)
		anna.member(who)
		for i := range 10 {
			w.want(anna.hatCommand("assign", "jid="+who+"@"+host, fmt.Sprintf("uri=urn:x:%d", i)), `status="completed"`)
		}
	}
	w.want(anna.hatCommand("assign", "jid=u0@"+host, "uri=urn:x:10"), "resource-constraint")
	anna.member("late")
	w.want(anna.hatCommand("assign", "jid=late@"+host, "uri=urn:x:1"), "resource-constraint")
	w.want(anna.hatCommand("unassign", "jid=u9@"+host, "uri=urn:x:1"), `status="completed"`)
	w.want(anna.hatCommand("assign", "jid=late@"+host, "uri=urn:x:1"), `status="completed"`)
}

// Whoever takes the name of a deleted account wears none of its hats, whether the room is in memory at that time or not.
func TestHatsAreNotInherited(t *testing.T) {
	for _, live := range []bool{true, false} {
		w := newWorld(t)
		anna := w.dial("anna")
		anna.instant("A")
		anna.configure("persistentroom=1")
		anna.member("bert")
		anna.hatCommand("create", "title=Teacher", "uri=urn:x:t")
		w.want(anna.hatCommand("assign", "jid=bert@"+host, "uri=urn:x:t"), `status="completed"`)
		bert := wire.MustAddr("bert@" + host)
		w.want(w.dial("bert").enter("B"), "urn:x:t")
		if !live {
			w.stop()
		}
		deleted := w.rooms.PutAffiliations(w.ctx, wire.MustAddr(roomJID), []storage.Affiliation{{Addr: bert, Value: "none"}})
		if deleted != nil {
			t.Fatal(deleted)
		}
		if live {
			w.muc.Forget(bert)
		} else {
			w.start()
			anna = w.dial("anna")
			anna.enter("A")
		}
		anna.sync()
		anna.member("bert")
		got := w.dial("bert/new").enter("B")
		w.want(got, "affiliation=\"member\"", "/B")
		w.wantNot(got, "urn:x:t")
		rec, err := w.rooms.Room(w.ctx, wire.MustAddr(roomJID))
		if err != nil || strings.Contains(string(rec.Config), "bert") {
			t.Errorf("live %v: %s, %v", live, rec.Config, err)
		}
	}
}
