package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/config"
	"salon.im/salon/internal/xmpptest"
	"salon.im/salon/server"
	"salon.im/salon/storage"
	"salon.im/salon/storage/storagetest"
	"salon.im/salon/wire"
)

const dayLong = 24 * time.Hour

// age puts messages of these ages into an archive, as they lie there after so long.
func age(t *testing.T, store *storagetest.Faulty, owner wire.Addr, kind storage.RowKind, undelivered bool, ages ...time.Duration) {
	t.Helper()
	peer := wire.MustAddr("peer@" + xmpptest.Host)
	for _, a := range ages {
		from := peer
		if kind == storage.RowGroupchat {
			from = wire.MustAddr(owner.String() + "/peer")
		}
		st := wire.New(wire.KindMessage, "chat", "", from, owner, wire.NewWriter().Elem("", "body", fmt.Sprint("of ", a)).Payload())
		row := storage.Row{ID: archive.TimeID(time.Now().Add(-a)), Owner: owner, Peer: peer, Kind: kind, Undelivered: undelivered, Stanza: st.AppendStandalone(nil)}
		for {
			if _, err := store.Append(t.Context(), storage.Batch{Rows: []storage.Row{row}}); err == nil {
				break
			}
			row.ID++ // two of the same millisecond
		}
	}
}

// asks returns what an archive answers: the messages of one page.
func asks(c *xmpptest.Client, to, form string) (out []string) {
	id := wire.NewID()
	c.Send(`<iq type="set" id="` + id + `" to="` + to + `"><query xmlns="urn:xmpp:mam:2">` + form + `</query></iq>`)
	for {
		st := c.Recv()
		switch {
		case st.ID() == id:
			return out
		case st.Has("urn:xmpp:mam:2", "result"):
			out = append(out, string(st.Append(nil)))
		}
	}
}

// bodies returns the texts in stanzas.
func bodies(stanzas []string) string {
	var out []string
	for _, s := range stanzas {
		_, rest, _ := strings.Cut(s, "<body>")
		text, _, _ := strings.Cut(rest, "</body>")
		out = append(out, text)
	}
	return strings.Join(out, "|")
}

// What is older than the archive keeps is gone for its users, delivered or not; what is under hold stays.
func TestExpire(t *testing.T) {
	s, store := faulty(t, func(c *config.Config) {
		c.Archive.Keep, c.Archive.KeepRooms = config.Keep(30*dayLong), config.Keep(90*dayLong)
		c.Archive.Hold = []string{"carol@" + xmpptest.Host}
	})
	ages := []time.Duration{100 * dayLong, 60 * dayLong, 20 * dayLong, 2 * dayLong}
	alice, bob, carol := wire.MustAddr("alice@"+xmpptest.Host), wire.MustAddr("bob@"+xmpptest.Host), wire.MustAddr("carol@"+xmpptest.Host)
	hall, short := wire.MustAddr(lobby), wire.MustAddr("short@conference."+xmpptest.Host)
	for _, u := range []wire.Addr{alice, bob, carol} {
		s.AddUser(u)
	}
	age(t, store, alice, storage.RowChat, false, ages...)
	age(t, store, bob, storage.RowChat, true, ages...)
	age(t, store, carol, storage.RowChat, false, ages...)
	age(t, store, hall, storage.RowGroupchat, false, ages...)
	a := enter(s, alice.String()+"/a", short.String())
	a.Send(`<iq type="set" id="c" to="` + short.String() + `"><query xmlns="http://jabber.org/protocol/muc#owner"><x xmlns="jabber:x:data" type="submit">` +
		`<field var="FORM_TYPE"><value>http://jabber.org/protocol/muc#roomconfig</value></field>` +
		`<field var="{https://salon.im/muc}keep"><value>1w</value></field></x></query></iq>`)
	if st := until(a, func(st wire.Stanza) bool { return st.ID() == "c" }); st.Type() != "result" {
		t.Fatalf("the room's form: %s", st.Append(nil))
	}
	age(t, store, short, storage.RowGroupchat, false, ages...)

	r, err := s.Admin().Expire(t.Context())
	if want := (archive.KeeperReport{Owners: 5, Held: 1, Rows: 2 + 2 + 1 + 3}); err != nil || r != want {
		t.Errorf("got %+v, %v", r, err)
	}
	for _, c := range []struct{ asked, want string }{
		{alice.String(), "of 480h0m0s|of 48h0m0s"},
		{lobby, "of 1440h0m0s|of 480h0m0s|of 48h0m0s"},
		{short.String(), "of 48h0m0s"},
	} {
		if got := bodies(asks(a, c.asked, "")); got != c.want {
			t.Errorf("%s has %s, want %s", c.asked, got, c.want)
		}
	}
	if got := bodies(asks(s.Online(carol.String()+"/c"), carol.String(), "")); strings.Count(got, "of") != 4 {
		t.Errorf("of what is under hold there is %s", got)
	}
	b := s.Dial(bob.String() + "/b")
	b.Send(`<presence/>`)
	waiting := []string{string(until(b, isMessage).Append(nil)), string(until(b, isMessage).Append(nil))}
	for _, st := range b.Barrier() {
		if isMessage(st) {
			t.Errorf("bob gets %s", st.Append(nil))
		}
	}
	if got := bodies(waiting); got != "of 480h0m0s|of 48h0m0s" {
		t.Errorf("bob, who was away, gets %s", got)
	}
}

// What a hold kept aside goes with the hold.
func TestHoldEnds(t *testing.T) {
	live := config.Default()
	alice := wire.MustAddr("alice@" + xmpptest.Host)
	s := xmpptest.StartWith(t, server.Options{Load: func() (*config.Config, error) { return live, nil }}, nil,
		func(c *config.Config) { c.Archive.Hold = []string{alice.String()}; *live = *c })
	s.AddUser(alice)
	a, b := s.Online(alice.String()+"/a"), s.Online("bob@"+xmpptest.Host+"/b")
	b.Send(`<message type="chat" id="m1" to="` + alice.String() + `"><body>regretted</body></message>`)
	until(a, isMessage)
	b.Send(`<message type="chat" id="r1" to="` + alice.String() + `"><retract xmlns="urn:xmpp:message-retract:1" id="m1"/></message>`)
	until(a, isMessage)
	held := func(when string, want int) {
		t.Helper()
		if _, err := s.Admin().Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		rows, err := s.Admin().HeldRows(t.Context(), alice, "", 10)
		if err != nil || len(rows) != want || want == 1 && !strings.Contains(rows[0].Stanza, "regretted") {
			t.Errorf("%s: %+v, %v", when, rows, err)
		}
	}
	held("under hold", 1)
	next := *live
	next.Archive.Hold = nil
	live = &next
	if r, err := s.Admin().Reload(t.Context()); err != nil || len(r.Applied) != 1 {
		t.Fatalf("reload: %+v, %v", r, err)
	}
	held("after it", 0)
}

// A word finds a message a moment after it was sent, and what was said before the server knew of a search.
func TestIndexes(t *testing.T) {
	s, store := faulty(t, func(c *config.Config) { yes := true; c.Hosts[0].Archive = &config.HostArchive{Search: &yes} })
	alice := wire.MustAddr("alice@" + xmpptest.Host)
	s.AddUser(alice)
	age(t, store, alice, storage.RowChat, false, dayLong)
	a, b := s.Online(alice.String()+"/a"), s.Online("bob@"+xmpptest.Host+"/b")
	b.Send(`<message type="chat" to="` + alice.String() + `"><body>Wherefore art thou</body></message>`)
	b.Send(`<message type="chat" to="` + alice.String() + `"><body>a secret stand-in</body><encryption xmlns="urn:xmpp:eme:0" namespace="urn:example"/></message>`)
	b.Barrier()
	find := func(words string) string {
		return bodies(asks(a, alice.String(), `<x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE"><value>urn:xmpp:mam:2</value></field>`+
			`<field var="{urn:xmpp:fulltext:0}fulltext"><value>`+words+`</value></field></x>`))
	}
	deadline := time.Now().Add(20 * time.Second)
	for find("wherefore") == "" && time.Now().Before(deadline) {
		b.Barrier()
	}
	for words, want := range map[string]string{"thou wherefore": "Wherefore art thou", "24h0m0s": "of 24h0m0s", "secret": "", "juliet": ""} {
		if got := find(words); got != want {
			t.Errorf("%q finds %q, want %q", words, got, want)
		}
	}
	if rows, err := s.Admin().Reindex(t.Context()); err != nil || rows < 3 {
		t.Errorf("reindexed %d rows, %v", rows, err)
	}
	if got := find("thou"); got != "Wherefore art thou" {
		t.Errorf("after a reindex: %q", got)
	}
}
