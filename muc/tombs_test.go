package muc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"salon.im/salon/config"
	"salon.im/salon/muc"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const tombsOf = "tombs" // the kind of the document

func (w *world) stored() string {
	w.t.Helper()
	b, err := w.store.Document(w.ctx, wire.MustAddr(service), tombsOf, "")
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		w.t.Fatal(err)
	}
	return string(b)
}

// Destroyed rooms are remembered in bounds: the oldest are forgotten first.
func TestGraveyardBound(t *testing.T) {
	w, anna, ben, _ := three(t)
	anna.destroy(``)
	w.want(ben.enter("B"), `<gone`)
	for i := range muc.MaxTombs {
		room := fmt.Sprintf("r%d@%s", i, service)
		anna.say(`<presence to='` + room + `/A'>` + joinX + `</presence>`)
		for _, inside := range []string{`<x xmlns='jabber:x:data' type='submit'/>`, `<destroy/>`} {
			anna.say(`<iq type='set' id='i' to='` + room + `'><query xmlns='http://jabber.org/protocol/muc#owner'>` + inside + `</query></iq>`)
		}
		anna.syncAt(room)
	}
	w.want(ben.enter("B"), `code="201"`)
}

// The address to go to instead is remembered up to a bound, and is an IRI that clients can open.
func TestTombVenue(t *testing.T) {
	tail := "@" + service
	for _, c := range []struct{ venue, want string }{
		{"café?x" + tail + "/nick", `>xmpp:caf%C3%A9%3Fx` + tail + `?join</gone>`},
		{strings.Repeat("a", muc.MaxTombVenue-len(tail)) + tail, `a` + tail + `?join</gone>`},
		{strings.Repeat("a", muc.MaxTombVenue-len(tail)+1) + tail, `<gone xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>`},
		{service, `>xmpp:` + service + `?join</gone>`},
	} {
		w, anna, ben, _ := three(t)
		anna.destroy(` jid='` + c.venue + `'`)
		w.want(ben.enter("B"), c.want)
	}
}

// A destroyed room stays destroyed over a restart, for as long as rooms.tombstone says, and but for its owners.
func TestTombOverRestart(t *testing.T) {
	var now atomic.Int64
	now.Store(1_800_000_000)
	w, anna, _, _ := three(t, func(w *world) {
		w.now = func() time.Time { return time.Unix(now.Load(), 0) }
		w.cfg.Rooms.Tombstone = config.Keep(time.Hour)
	})
	anna.destroy(``)
	w.restart()
	now.Add(59 * 60)
	ben := w.dial("ben")
	w.want(ben.enter("B"), `<gone`)
	now.Add(60)
	w.want(ben.enter("B"), `code="201"`)
	ben.configure("")
	if got := w.stored(); got != "[]" {
		t.Errorf("a room that is back: stored is %s", got)
	}
}

// An owner whose account is deleted leaves no right to who takes the name.
func TestTombForgetsAccount(t *testing.T) {
	w, anna, _, _ := three(t)
	anna.destroy(``)
	if err := w.muc.ForgetStored(t.Context(), wire.MustAddr("anna@"+host)); err != nil {
		t.Fatal(err)
	}
	w.stop()
	w.start()
	w.want(w.dial("anna").enter("A"), `<gone`)
}

// While the store is away nobody makes a room that may be a destroyed one, and no room is destroyed that could not be remembered.
func TestTombStoreFails(t *testing.T) {
	var docs brokenDocuments
	w, anna, ben, _ := three(t, func(w *world) { docs.Documents = w.documents; w.documents = &docs })
	docs.broken.Store(true)
	w.want(anna.destroy(``), `internal-server-error`)
	w.want(ben.enter("B"), `code="110"`)
	docs.broken.Store(false)
	w.want(anna.destroy(``), `type="result"`)
	w.restart()
	docs.broken.Store(true)
	ben = w.dial("ben")
	w.want(ben.enter("B"), `internal-server-error`)
	docs.broken.Store(false)
	w.want(ben.enter("B"), `<gone`)
}

// A room is remembered before it is deleted, so that no crash leaves a name that a bookmark would take.
func TestTombFirst(t *testing.T) {
	rooms := &lastRites{}
	w, anna, _, _ := three(t, func(w *world) { rooms.Rooms = w.rooms; w.rooms = rooms })
	anna.configure("persistentroom=1")
	known := ""
	rooms.deleting = func() { known = w.stored() }
	w.want(anna.destroy(``), `type="result"`)
	if !strings.HasPrefix(known, `[{"room":"`+roomJID) {
		t.Errorf("as the room was deleted, the store had %q", known)
	}
}

// lastRites sees a room before it is deleted.
type lastRites struct {
	storage.Rooms
	deleting func()
}

func (l *lastRites) DeleteRoom(ctx context.Context, room wire.Addr) error {
	l.deleting()
	return l.Rooms.DeleteRoom(ctx, room)
}

// What cannot be deleted stays, and is not remembered as destroyed; nor is a room that a crash left between the two, when it
// ends by itself.
func TestTombOfTheLiving(t *testing.T) {
	b := new(brittle)
	w, anna, _, _ := three(t, func(w *world) { b.Rooms = w.rooms; w.rooms = b })
	anna.configure("persistentroom=1")
	b.broken.Store(true)
	w.want(anna.destroy(``), `internal-server-error`)
	b.broken.Store(false)
	if got := w.stored(); got != "[]" {
		t.Errorf("stored is %s", got)
	}
	tomb := `[{"room":"` + roomJID + `","until":"2100-01-01T00:00:00Z"}]`
	if err := w.store.PutDocument(w.ctx, wire.MustAddr(service), tombsOf, "", []byte(tomb), 0); err != nil {
		t.Fatal(err)
	}
	w.restart()
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.enter("A")
	anna.configure("persistentroom=0")
	anna.leave("A")
	w.want(ben.enter("B"), `code="201"`)
}

type brokenDocuments struct {
	storage.Documents
	broken atomic.Bool
}

var errAway = errors.New("away")

func (b *brokenDocuments) Document(ctx context.Context, owner wire.Addr, kind, key string) ([]byte, error) {
	if b.broken.Load() {
		return nil, errAway
	}
	return b.Documents.Document(ctx, owner, kind, key)
}

func (b *brokenDocuments) PutDocument(ctx context.Context, owner wire.Addr, kind, key string, data []byte, quota int64) error {
	if b.broken.Load() {
		return errAway
	}
	return b.Documents.PutDocument(ctx, owner, kind, key, data, quota)
}
