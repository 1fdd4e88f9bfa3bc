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
	if got := w.stored(); got != "[]" {
		t.Errorf("a room that is back: stored is %s", got)
	}
}

// An owner whose account is deleted leaves no right to who takes the name.
func TestTombForgetsAccount(t *testing.T) {
	w, anna, _, _ := three(t)
	anna.destroy(``)
	w.muc.Forget(wire.MustAddr("anna@" + host))
	w.stop()
	w.start()
	w.want(w.dial("anna").enter("A"), `<gone`)
}

// While the store is away nobody makes a room that may be a destroyed one, and what is destroyed is remembered.
func TestTombStoreFails(t *testing.T) {
	var docs brokenDocuments
	w, anna, ben, _ := three(t, func(w *world) { docs.Documents = w.documents; w.documents = &docs })
	docs.broken.Store(true)
	w.want(anna.destroy(``), `type="result"`)
	w.want(ben.enter("B"), `<gone`)
	docs.broken.Store(false)
	anna.instant("A")
	anna.destroy(``)
	w.restart()
	docs.broken.Store(true)
	ben = w.dial("ben")
	w.want(ben.enter("B"), `internal-server-error`)
	docs.broken.Store(false)
	w.want(ben.enter("B"), `<gone`)
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
