package muc_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"salon.im/salon/muc"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// query asks for the room's archive, and returns what comes up to the answer; inside stands within <query/>.
func (p *person) query(inside string) []string {
	p.w.t.Helper()
	id := wire.NewID()
	p.say(`<iq type='set' id='` + id + `' to='` + roomJID + `'><query xmlns='urn:xmpp:mam:2'>` + inside + `</query></iq>`)
	return p.upTo(`id="` + id + `"`)
}

// Who may read: whoever could enter, but for the password, which members and those inside need not say (XEP-0313 §6.1.2).
func TestArchiveRights(t *testing.T) {
	for _, c := range []struct {
		config, affiliation string
		inside              bool
		want                string // the condition of the error, "" for the archive
	}{
		{"", "", false, ""},
		{"publicroom=0", "", false, ""},
		{"", "outcast", false, "forbidden"},
		{"publicroom=0", "outcast", false, "item-not-found"},
		{"moderatedroom=1", "", false, ""},
		{"membersonly=1", "", false, "forbidden"},
		{"membersonly=1", "member", false, ""},
		{"membersonly=1", "outcast", false, "forbidden"},
		{"membersonly=1 publicroom=0", "", false, "item-not-found"},
		{"membersonly=1 publicroom=0", "admin", false, ""},
		{"passwordprotectedroom=1 roomsecret=x", "", false, "forbidden"},
		{"passwordprotectedroom=1 roomsecret=x", "member", false, ""},
		{"passwordprotectedroom=1 roomsecret=x publicroom=0", "", false, "item-not-found"},
		{"passwordprotectedroom=1 roomsecret=x", "", true, ""},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			w := newWorld(t)
			anna, ben := w.dial("anna"), w.dial("ben")
			anna.instant("A")
			anna.talk("one")
			anna.sync()
			if c.inside {
				ben.enter("B")
			}
			if c.affiliation != "" {
				anna.affiliate("ben@"+host, c.affiliation)
			}
			anna.configure(strings.Fields(c.config)...)
			got := ben.query("")
			if c.want != "" {
				w.want(got, `type="error"`, c.want)
				w.wantNot(got, "one")
				return
			}
			w.want(got, `<body>one</body>`)
			w.want(got, `type="result"`, `complete="true"`)
		})
	}
}

// Before it is configured a room does not exist, for others.
func TestArchiveOfALockedRoom(t *testing.T) {
	w := newWorld(t)
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.enter("A")
	w.want(ben.query(""), `item-not-found`)
	w.want(anna.query(""), `type="result"`, `complete="true"`)
}

// Real addresses are for those who are shown them in the room at that time (XEP-0313 §6.1.2).
func TestArchiveShowsRealAddresses(t *testing.T) {
	w := newWorld(t)
	anna, ben, carl := w.dial("anna"), w.dial("ben"), w.dial("carl")
	anna.instant("A")
	ben.enter("B")
	ben.talk("one")
	ben.sync()
	shown := `<item jid="ben@` + host + `"/>`
	w.want(anna.query(""), shown)
	w.wantNot(carl.query(""), `ben@`)
	w.wantNot(ben.query(""), shown)
	anna.affiliate("carl@"+host, "admin")
	w.want(carl.query(""), shown) // from outside
	anna.configure("whois=anyone")
	w.want(ben.query(""), shown)
}

// A room that is no longer persistent keeps its archive, and the next room of its name has none of it.
func TestArchiveOfATemporaryRoom(t *testing.T) {
	w := newWorld(t)
	anna := w.dial("anna")
	anna.enter("A")
	anna.configure("persistentroom=1")
	anna.talk("one")
	anna.sync()
	anna.configure("persistentroom=0")
	w.want(anna.query(""), `<body>one</body>`)
	anna.say(`<presence type='unavailable' to='` + roomJID + `/A'/>`)
	anna.sync()
	w.want(anna.query(""), `item-not-found`)
	anna.instant("A")
	w.wantNot(anna.query(""), `one`)
}

// stuckArchive does not answer before it is let go.
type stuckArchive struct {
	storage.Archive
	asked   chan struct{}
	release chan struct{}
}

func (s *stuckArchive) Page(ctx context.Context, q storage.Query) ([]storage.Row, error) {
	if q.Limit < 50 {
		return s.Archive.Page(ctx, q)
	}
	s.asked <- struct{}{}
	select {
	case <-s.release:
		return s.Archive.Page(ctx, q)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A query that waits for the store holds up neither the room nor other askers; a second one of the same session waits for
// the first, and what cannot wait is refused.
func TestArchiveQueriesTakeTurns(t *testing.T) {
	s := &stuckArchive{asked: make(chan struct{}, 1000), release: make(chan struct{})}
	w := newWorld(t, func(w *world) { s.Archive = w.store; w.archive = s })
	anna, ben, carl := w.dial("anna"), w.dial("ben"), w.dial("carl")
	anna.instant("A")
	const q = `<iq type='set' id='q%d' to='` + roomJID + `'><query xmlns='urn:xmpp:mam:2'/></iq>`
	for i := range 3 {
		ben.say(fmt.Sprintf(q, i))
	}
	carl.say(fmt.Sprintf(q, 0))
	<-s.asked
	<-s.asked
	anna.talk("one")
	w.want(anna.sync(), `<body>one</body>`) // the room goes on
	if n := len(s.asked); n > 0 {
		t.Errorf("%d more queries began", n)
	}
	close(s.release)
	for i := range 3 {
		ben.waitFor(fmt.Sprintf(`id="q%d"`, i), `type="result"`)
	}
	carl.waitFor(`id="q0"`, `type="result"`)
}

// The end of the service ends the queries that wait.
func TestArchiveQueriesEndWithTheService(t *testing.T) {
	s := &stuckArchive{asked: make(chan struct{}, 1000), release: make(chan struct{})}
	w := newWorld(t, func(w *world) { s.Archive = w.store; w.archive = s })
	anna := w.dial("anna")
	anna.instant("A")
	anna.say(`<iq type='set' id='q' to='` + roomJID + `'><query xmlns='urn:xmpp:mam:2'/></iq>`)
	<-s.asked
	w.stop() // fails if it takes too long
	anna.waitFor(`id="q"`, `resource-constraint`)
}

func TestArchiveTurnsAreBounded(t *testing.T) {
	if n := muc.TurnsTaken(10_000, 1); n != muc.MaxAskers {
		t.Errorf("%d askers", n)
	}
	if n := muc.TurnsTaken(1, 10_000); n != muc.MaxAsking+1 {
		t.Errorf("%d requests of one", n)
	}
}
