package muc_test

import (
	"strings"
	"sync"
	"testing"

	"salon.im/salon/muc"
	"salon.im/salon/wire"
)

// Nobody makes up their own place in the room, their ids or their times.
func TestForgedPresence(t *testing.T) {
	w, anna, ben, _ := three(t)
	ben.say(`<presence to='` + roomJID + `/B'><status>hi</status>` +
		`<x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='owner' role='moderator' jid='root@x.test'/><status code='110'/></x>` +
		`<occupant-id xmlns='urn:xmpp:occupant-id:0' id='forged'/><delay xmlns='urn:xmpp:delay' stamp='2000-01-01T00:00:00Z'/></presence>`)
	ben.sync()
	got := anna.sync()
	w.want(got, `<status>hi</status>`, `affiliation="none"`, `role="participant"`)
	for _, forged := range []string{`owner`, `root@`, `forged`, `2000-01-01`, `code="110"`} {
		w.wantNot(got, forged)
	}
}

func TestForgedMessage(t *testing.T) {
	w, anna, ben, _ := three(t)
	ben.say(`<message type='groupchat' to='` + roomJID + `'><body>hi</body><x xmlns='http://jabber.org/protocol/muc#user'><status code='104'/></x>` +
		`<delay xmlns='urn:xmpp:delay' from='ben@example.test/home' stamp='2000-01-01T00:00:00Z'/><stanza-id xmlns='urn:xmpp:sid:0' by='` + roomJID + `' id='forged'/>` +
		`<occupant-id xmlns='urn:xmpp:occupant-id:0' id='forged'/><origin-id xmlns='urn:xmpp:sid:0' id='mine'/></message>`)
	ben.sync()
	got := anna.sync()
	w.want(got, `<body>hi</body>`, `id='mine'`)
	for _, forged := range []string{`forged`, `2000-01-01`, `104`, `ben@`} {
		w.wantNot(got, forged)
	}
}

// Outsiders reach nothing but what §6 shows.
func TestOutsider(t *testing.T) {
	w, anna, ben, _ := three(t)
	eve := w.dial("eve")
	for xml, condition := range map[string]string{
		groupchat("x"): `not-acceptable`,
		`<message type='groupchat' to='` + roomJID + `'><subject>x</subject></message>`: `not-acceptable`,
		private("B", "x"): `not-acceptable`,
		invitation:        `not-acceptable`,
		`<iq type='get' id='q' to='` + roomJID + `/B'><query xmlns='jabber:iq:version'/></iq>`:                                                             `not-acceptable`,
		`<iq type='get' id='q' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#owner'/></iq>`:                                            `forbidden`,
		`<iq type='get' id='q' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='owner'/></query></iq>`:          `forbidden`,
		`<iq type='get' id='q' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#admin'><item role='moderator'/></query></iq>`:             `forbidden`,
		`<iq type='set' id='q' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#admin'><item nick='B' role='none'/></query></iq>`:         `forbidden`,
		`<iq type='set' id='q' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query></iq>`:                           `forbidden`,
		`<iq type='set' id='q' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#admin'><item nick='B' affiliation='owner'/></query></iq>`: `forbidden`,
	} {
		eve.say(xml)
		w.want(eve.sync(), `type="error"`, condition)
	}
	for _, p := range []*person{anna, ben} {
		if got := p.sync(); len(got) > 0 {
			t.Errorf("%s: %q", p.addr, got)
		}
	}
}

// wan is a way to other domains that records.
type wan struct {
	mu  sync.Mutex
	got []string
}

func (r *wan) Send(st wire.Stanza) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, string(st.Append(nil)))
	return true
}

func (r *wan) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() { r.got = nil }()
	return r.got
}

// People of other domains are occupants like any other, until what we send them comes back.
func TestRemoteOccupant(t *testing.T) {
	remote := new(wan)
	w := newWorld(t)
	w.router.HandleRemote(remote)
	anna := w.dial("anna")
	anna.instant("A")
	from := wire.MustAddr("zoe@elsewhere.test/x")
	flow := w.router.NewFlow(w.ctx, nil, nil)
	say := func(xml string) {
		flow.Accept(parse(t, xml).WithFrom(from))
		flow.Quiesce(w.ctx)
	}
	say(`<presence to='` + roomJID + `/Z'>` + joinX + `</presence>`)
	w.want(remote.take(), `to="zoe@elsewhere.test/x"`, `code="110"`)
	w.want(anna.sync(), `/Z"`, `jid="zoe@elsewhere.test/x"`)
	say(groupchat("from afar"))
	w.want(anna.sync(), `from afar`)
	// What comes from another domain may bring the occupant-ids of rooms there; here it has ours alone (XEP-0421 §4).
	const forged = `<occupant-id xmlns='urn:xmpp:occupant-id:0' id='forged'/>`
	mark := `id="` + muc.OccupantID(make([]byte, muc.OccupantKeyBytes), wire.MustAddr(roomJID), from.Bare()) + `"`
	for _, to := range []string{`message type='groupchat' to='` + roomJID, `message type='chat' to='` + roomJID + `/A`, `presence to='` + roomJID + `/Z`} {
		kind, _, _ := strings.Cut(to, " ")
		say(`<` + to + `'><body>x</body>` + forged + forged + `</` + kind + `>`)
		got := anna.sync()
		w.want(got, `<body>x</body>`, mark)
		if all := strings.Join(got, ""); strings.Contains(all, "forged") || strings.Count(all, "<occupant-id ") != 1 {
			t.Errorf("%s: %s", to, all)
		}
	}
	remote.take()
	anna.talk("hello")
	anna.sync()
	w.want(remote.take(), `<body>hello</body>`)
	say(`<presence type='error' to='` + roomJID + `/A'><error type='cancel'><remote-server-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>`)
	w.want(anna.sync(), `/Z"`, `type="unavailable"`, `code="333"`)
	say(`<presence to='new@` + service + `/Z'>` + joinX + `</presence>`)
	w.want(remote.take(), `not-allowed`) // rooms.create is local
}

// FuzzRoom throws stanzas at a room from inside: it must neither fail nor stop answering.
func FuzzRoom(f *testing.F) {
	for _, s := range []string{
		groupchat("x"), private("A", "x"), invitation, register("x"),
		`<presence to='hall@rooms.example.test/Q'><x xmlns='http://jabber.org/protocol/muc'><history since='x' maxstanzas='-1' seconds='99999999999999999999'/><password/></x></presence>`,
		`<iq type='set' id='a' to='hall@rooms.example.test'><query xmlns='http://jabber.org/protocol/muc#admin'><item nick='B' role='visitor'/><item jid='x' affiliation='member' nick='&#9;'/></query></iq>`,
		`<iq type='set' id='a' to='hall@rooms.example.test'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'><field var='muc#roomconfig_maxusers'><value>5</value></field></x></query></iq>`,
		`<iq type='get' id='a' to='rooms.example.test'><query xmlns='http://jabber.org/protocol/disco#items'><set xmlns='http://jabber.org/protocol/rsm'><before/><max>1</max></set></query></iq>`,
		`<message type='error' to='hall@rooms.example.test/A'><error><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`,
		`<iq type='result' id='a' to='hall@rooms.example.test/A'/>`,
	} {
		f.Add(s)
	}
	w := newWorld(f)
	anna := w.dial("anna")
	f.Fuzz(func(t *testing.T, s string) {
		st, err := wire.Parse([]byte(s))
		if err != nil || st.Kind() == wire.KindOther || !strings.HasSuffix(st.To().Domain(), service) {
			t.Skip()
		}
		w.t = t
		defer func() { w.t = f }()
		anna.enter("A")
		anna.configure()
		anna.flow.Accept(st.WithFrom(anna.addr))
		anna.sync()
		if n := w.muc.Stats.Panics.Load(); n > 0 {
			t.Fatal("panics:", n)
		}
	})
}
