package feature_test

import (
	"fmt"
	"strings"
	"testing"

	"salon.im/salon/feature"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const retractNS = `xmlns="urn:xmpp:message-retract:1"`

func retraction(to, id, of string) string {
	return `<message type='chat' to='` + to + `' id='` + id + `'><retract ` + retractNS + ` id='` + of + `'/></message>`
}

func secret(to, id string) string {
	return `<message type='chat' to='` + to + `' id='` + id + `'><body>secret</body></message>`
}

// dead reports whether row i is a tombstone that names the retraction.
func dead(rows []storage.Row, i int, by string) bool {
	s := string(rows[i].Stanza)
	return rows[i].Tombstone && strings.Contains(s, `<retracted `+retractNS+` id="`+by+`" stamp="20`) && !strings.Contains(s, "secret")
}

// XEP-0424 §5, §6: both copies become tombstones as the retraction is kept; a second one changes nothing; nothing waits but the
// retractions. Bytes, ids and places of all else stay.
func TestRetract(t *testing.T) {
	for i, origin := range []string{"", `<origin-id xmlns='urn:xmpp:sid:0' id='m2'/>`} {
		w := newWorld(t)
		anna := w.online("anna@example.test/a")
		anna.say(secret("carl@example.test", "m2"))
		anna.say(chat("ben@example.test", "one"))
		anna.say(strings.Replace(secret("ben@example.test", "m2"), "<body>", origin+"<body>", 1))
		anna.say(retraction("ben@example.test", "r1", "m2"))
		anna.say(retraction("ben@example.test/gone", "r2", "m2"))
		anna.sync()
		mine, his := w.rows("anna@example.test"), w.rows("ben@example.test")
		if len(mine) != 5 || len(his) != 4 {
			t.Fatalf("%d: %d rows of the sender, %d of the recipient", i, len(mine), len(his))
		}
		if !dead(mine, 2, "r1") || !dead(his, 1, "r1") || mine[0].Tombstone || mine[1].Tombstone || mine[3].Tombstone || his[0].Tombstone {
			t.Errorf("%d: %+v\n%+v", i, mine, his)
		}
		if !contains(string(his[1].Stanza), `from="anna@example.test/a"`, `to="ben@example.test"`, `type="chat"`, `id="m2"`) {
			t.Errorf("%d: %s", i, his[1].Stanza)
		}
		if n := w.waiting("ben@example.test"); n != 3 {
			t.Errorf("%d: %d wait", i, n)
		}
		if rows := w.rows("carl@example.test"); rows[0].Tombstone {
			t.Errorf("%d: the same id to somebody else", i)
		}
	}
}

// XEP-0424 §6: who is not the sender changes nothing, be it the recipient or a stranger.
func TestRetractForeign(t *testing.T) {
	w := newWorld(t)
	anna, ben, carl := w.online("anna@example.test/a"), w.online("ben@example.test/b"), w.online("carl@example.test/c")
	anna.say(secret("ben@example.test", "m1"))
	anna.sync()
	ben.say(retraction("anna@example.test", "r1", "m1"))
	ben.say(retraction("ben@example.test", "r2", "m1")) // in the archive that it lies in
	carl.say(retraction("ben@example.test", "r3", "m1"))
	carl.say(retraction("anna@example.test", "r4", "m1"))
	got := ben.sync()
	carl.sync()
	for _, owner := range []string{"anna@example.test", "ben@example.test"} {
		for _, row := range w.rows(owner) {
			if row.Tombstone {
				t.Errorf("%s: %s", owner, row.Stanza)
			}
		}
	}
	if got = append(got, ben.sync()...); !has(got, `id='r3'`) {
		t.Errorf("it is not passed on: %q", got)
	}
}

// The newest message with an id that was used twice is taken back; one that is too old, or unknown, is not.
func TestRetractNotUnique(t *testing.T) {
	w := newWorld(t)
	anna := w.online("anna@example.test/a")
	anna.say(secret("ben@example.test", "m1"))
	anna.say(secret("ben@example.test", "m1"))
	anna.say(retraction("ben@example.test", "r1", "m1"))
	anna.say(retraction("ben@example.test", "r2", "unknown"))
	anna.sync()
	for _, owner := range []string{"anna@example.test", "ben@example.test"} {
		if rows := w.rows(owner); rows[0].Tombstone || !dead(rows, 1, "r1") || len(rows) != 4 {
			t.Errorf("%s: %+v", owner, rows)
		}
	}
}

// Of a message to oneself there is one copy.
func TestRetractToOneself(t *testing.T) {
	w := newWorld(t)
	anna := w.online("anna@example.test/a")
	anna.say(secret("anna@example.test", "m1"))
	anna.say(retraction("anna@example.test", "r1", "m1"))
	anna.sync()
	if rows := w.rows("anna@example.test"); len(rows) != 2 || !dead(rows, 0, "r1") {
		t.Errorf("%+v", rows)
	}
}

// A stream of another domain retracts in the recipient's archive what came from the same address.
func TestRetractFromElsewhere(t *testing.T) {
	w := newWorld(t)
	f := w.r.NewFlow(w.ctx, nil, nil)
	say := func(from, xml string) {
		st, err := wire.Parse([]byte(xml))
		if err != nil {
			t.Fatal(err)
		}
		f.Accept(st.WithFrom(wire.MustAddr(from)))
	}
	say("dora@elsewhere.test/x", secret("ben@example.test", "m1"))
	say("dora@elsewhere.test/x", secret("ben@example.test", "m2"))
	say("eve@elsewhere.test/x", retraction("ben@example.test", "r1", "m1"))
	say("dora@elsewhere.test/other", retraction("ben@example.test", "r2", "m2"))
	if err := f.Quiesce(w.ctx); err != nil {
		t.Fatal(err)
	}
	if rows := w.rows("ben@example.test"); len(rows) != 4 || rows[0].Tombstone || !dead(rows, 1, "r2") {
		t.Errorf("%+v", rows)
	}
}

// A retraction without an id is given one, which its tombstone names. One that comes in the place of what waits is taken
// although no more may wait; a hold keeps what was retracted for the administrator.
func TestRetractAtTheBound(t *testing.T) {
	w := newWorld(t)
	w.cfg.Limits.OfflineStanzas = 2
	w.hold = wire.MustAddr("ben@example.test")
	anna := w.online("anna@example.test/a")
	for i := range 2 {
		anna.say(secret("ben@example.test", fmt.Sprint("m", i)))
	}
	anna.say(strings.Replace(retraction("ben@example.test", "", "m0"), ` id=''`, ``, 1))
	if got := anna.sync(); len(got) != 0 {
		t.Fatalf("%q", got)
	}
	rows := w.rows("ben@example.test")
	st, err := wire.Parse(rows[2].Stanza)
	if err != nil || len(rows) != 3 || st.ID() == "" || !dead(rows, 0, st.ID()) {
		t.Errorf("%v %+v", err, rows)
	}
	held, err := w.store.Held(w.ctx, w.hold, 0, 10)
	if err != nil || len(held) != 1 || !strings.Contains(string(held[0].Stanza), "secret") {
		t.Errorf("held %+v, %v", held, err)
	}
	if held, _ := w.store.Held(w.ctx, anna.addr.Bare(), 0, 10); len(held) != 0 {
		t.Errorf("held of the sender: %+v", held)
	}
}

// XEP-0280 §6, XEP-0359 §3: what is copied has the id under which its receiver's archive has it; a retraction is copied.
func TestCarbonsHaveTheArchiveID(t *testing.T) {
	w := newWorld(t)
	feature.Carbons(w.r)
	phone, desk := w.online("anna@example.test/phone"), w.online("anna@example.test/desk")
	ben, other := w.online("ben@example.test/b"), w.online("ben@example.test/other")
	for _, p := range []*person{phone, desk, ben, other} {
		p.ask("set", "", `<enable xmlns='urn:xmpp:carbons:2'/>`)
	}
	phone.say(secret("ben@example.test/b", "m1"))
	phone.say(`<message to='ben@example.test/b' id='r1'><retract ` + retractNS + ` id='m1'/></message>`)
	phone.sync()
	for i, c := range []struct {
		who   *person
		owner string
	}{{desk, "anna@example.test"}, {other, "ben@example.test"}} {
		got, rows := c.who.sync(), w.rows(c.owner)
		if len(got) != 2 || len(rows) != 2 {
			t.Fatalf("%d: %q, %d rows", i, got, len(rows))
		}
		for j := range got {
			w.want(got[j], `by="`+c.owner+`" id="`+ids.Text(rows[j].ID)+`"`)
			if strings.Count(got[j], "<stanza-id") != 1 {
				t.Errorf("%d: %s", i, got[j])
			}
		}
	}
}
