package muc_test

import (
	"fmt"
	"strings"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

func (p *person) ask(to, query string) []string {
	p.w.t.Helper()
	p.say(`<iq type='get' id='ask' to='` + to + `'>` + query + `</iq>`)
	return []string{p.waitFor(`id="ask"`)}
}

// info is what the room says of itself.
func (p *person) info() string {
	p.w.t.Helper()
	return p.ask(roomJID, info)[0]
}

const (
	info  = `<query xmlns='http://jabber.org/protocol/disco#info'/>`
	items = `<query xmlns='http://jabber.org/protocol/disco#items'/>`
)

// XEP-0045 §6.2: the service.
func TestServiceInfo(t *testing.T) {
	w := newWorld(t)
	anna := w.dial("anna")
	for _, part := range []string{`category="conference"`, `var="http://jabber.org/protocol/muc"`, `muc#stable_id`, `disco#items`, `rsm`} {
		w.want(anna.ask(service, info), part)
	}
	w.want(anna.ask(service, `<ping xmlns='urn:xmpp:ping'/>`), `type="result"`)
	w.want(anna.ask(service, `<query xmlns='jabber:iq:search'/>`), `service-unavailable`)
	w.want(anna.ask(service, `<query xmlns='http://jabber.org/protocol/disco#info' node='x'/>`), `item-not-found`)
}

// XEP-0045 §6.4: a room tells what it is before anybody enters; one that does not exist is not found.
func TestRoomInfo(t *testing.T) {
	w := newWorld(t)
	anna, eve := w.dial("anna"), w.dial("eve")
	w.want(eve.ask(roomJID, info), `item-not-found`)
	anna.enter("A")
	w.want(eve.ask(roomJID, info), `item-not-found`) // locked
	anna.configure("roomname=Hall", "roomdesc=Talk")
	got := eve.ask(roomJID, info)
	for _, f := range []string{"muc_unsecured", "muc_public", "muc_open", "muc_semianonymous", "muc_unmoderated", "muc_temporary",
		"self-ping-optimization", "muc#stable_id"} {
		w.want(got, f)
	}
	w.want(got, `name="Hall"`, `muc#roominfo_description`, `<value>Talk</value>`, `muc#roominfo_occupants`)
	anna.configure("passwordprotectedroom=1", "roomsecret=x", "publicroom=0", "membersonly=1", "whois=anyone", "moderatedroom=1", "persistentroom=1")
	got = eve.ask(roomJID, info)
	for _, f := range []string{"muc_passwordprotected", "muc_hidden", "muc_membersonly", "muc_nonanonymous", "muc_moderated", "muc_persistent"} {
		w.want(got, f)
	}
	w.wantNot(eve.ask(roomJID, items), `/A`) // §6.5
	w.want(anna.ask(roomJID, items), `jid="`+roomJID+`/A"`)
	w.want(eve.ask(roomJID, `<query xmlns='http://jabber.org/protocol/disco#info' node='x-roomuser-item'/>`), `node="x-roomuser-item"`)
	w.want(eve.ask(roomJID, `<query xmlns='jabber:iq:register'/>`), `not-allowed`)
}

// XEP-0045 §6.3, XEP-0059: the list is paged in both directions, whole, and without hidden rooms.
func TestRoomList(t *testing.T) {
	w := newWorld(t)
	anna := w.dial("anna")
	const n = 300
	for i := range n {
		r := storage.Room{Addr: wire.MustAddr(fmt.Sprintf("r%03d@%s", i, service)), Public: i%3 != 0, Config: []byte(`{}`)}
		if err := w.store.PutRoom(w.ctx, r, nil); err != nil {
			t.Fatal(err)
		}
	}
	anna.enter("A")
	wantNone := anna.ask(service, items)
	w.wantNot(wantNone, roomJID) // still locked
	anna.configure()
	page := func(set string) (list []string) {
		got := anna.ask(service, `<query xmlns='http://jabber.org/protocol/disco#items'><set xmlns='http://jabber.org/protocol/rsm'>`+set+`</set></query>`)
		for _, s := range strings.Split(got[0], `jid="`)[1:] {
			s, _, _ = strings.Cut(s, `"`)
			list = append(list, s)
		}
		return list
	}
	var forth, back []string
	for at := ""; ; {
		p := page(`<max>40</max>` + at)
		if len(p) == 0 {
			break
		}
		forth = append(forth, p...)
		at = `<after>` + p[len(p)-1] + `</after>`
	}
	for at := `<before/>`; ; {
		p := page(`<max>30</max>` + at)
		if len(p) == 0 {
			break
		}
		back = append(append([]string(nil), p...), back...)
		at = `<before>` + p[0] + `</before>`
	}
	if len(forth) != n/3*2+1 || forth[0] != roomJID || strings.Join(forth, " ") != strings.Join(back, " ") {
		t.Errorf("%d forth, %d back", len(forth), len(back))
	}
	if p := page(`<max>0</max>`); len(p) != 0 {
		t.Error(p)
	}
	w.want(anna.ask(service, `<query xmlns='http://jabber.org/protocol/disco#items'><set xmlns='http://jabber.org/protocol/rsm'><after>@</after></set></query>`), `item-not-found`)
}
