package transfer_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Two stores that are told the same, at random, say the same.
func TestStoresAgree(t *testing.T) {
	for seed := range uint64(2) {
		p := &pair{T: t, Rand: rand.New(rand.NewPCG(seed, 1)), stores: []storage.Store{openSQLite(t), openPostgres(t)}, texts: map[int64]string{}}
		for p.step = 0; p.step < 100 && !t.Failed(); p.step++ {
			p.change()
			p.look()
		}
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}

// pair is two stores and what they were told.
type pair struct {
	*testing.T
	*rand.Rand
	stores []storage.Store
	step   int
	ids    []int64 // of rows, in the order in which they came
	texts  map[int64]string
	old    []storage.Batch
}

var (
	pairOwners = []wire.Addr{wire.MustAddr("alice@a.test"), wire.MustAddr("bob@a.test"), wire.MustAddr("hall@rooms.a.test")}
	pairPeers  = append(pairOwners[:2:2], wire.MustAddr("hall@rooms.a.test/Nick"), wire.MustAddr("hall@rooms.a.test/Nick/2"),
		wire.MustAddr("hall@rooms.a.test/Ñick"), wire.MustAddr("rooms.a.test"))
	pairWords = []string{"duck", "goose", "Straße", "ärger", "東京", "x"}
)

const pairMonth = 11_000_000_000_000_000 // of ids

func (p *pair) owner() wire.Addr { return pairOwners[p.IntN(len(pairOwners))] }
func (p *pair) peer() wire.Addr  { return pairPeers[p.IntN(len(pairPeers))] }
func (p *pair) word() string     { return pairWords[p.IntN(len(pairWords))] }
func (p *pair) chance(n int) bool {
	return p.IntN(n) == 0
}

func (p *pair) id() int64 {
	if len(p.ids) == 0 || p.chance(10) {
		return p.Int64N(1000)
	}
	return p.ids[p.IntN(len(p.ids))]
}

// same does something with both stores: results and kinds of errors must be the same.
func (p *pair) same(what string, do func(storage.Store) (any, error)) {
	p.Helper()
	var said [2]string
	for i, s := range p.stores {
		result, err := do(s)
		said[i] = fmt.Sprint(result, err != nil, errors.Is(err, storage.ErrNotFound), errors.Is(err, storage.ErrConflict))
	}
	if said[0] != said[1] {
		p.Errorf("step %d, %s:\nSQLite     %s\nPostgreSQL %s", p.step, what, said[0], said[1])
	}
}

// change does one thing that changes the stores.
func (p *pair) change() {
	ctx, owner, id, n := p.Context(), p.owner(), p.id(), p.IntN(5)
	switch p.IntN(12) {
	default:
		b := p.batch()
		p.old = append(p.old, b)
		p.same(fmt.Sprintf("append %+v", b), func(s storage.Store) (any, error) { return s.Append(ctx, b) })
	case 0: // as after a lost answer
		if len(p.old) > 0 {
			b := p.old[max(len(p.old)-1-p.IntN(3), 0)]
			p.same(fmt.Sprintf("append again %+v", b), func(s storage.Store) (any, error) { return s.Append(ctx, b) })
		}
	case 1:
		p.same("clear", func(s storage.Store) (any, error) { return nil, s.ClearUndelivered(ctx, owner, id) })
	case 2:
		p.same("delete", func(s storage.Store) (any, error) { return s.DeleteBefore(ctx, owner, id, n) })
	case 3:
		p.same("delete of all", func(s storage.Store) (any, error) { return s.DeleteBefore(ctx, wire.Addr{}, id, n) })
	case 4, 5:
		p.same("index", p.index)
	case 6:
		p.same("release", func(s storage.Store) (any, error) { return nil, s.ReleaseHeld(ctx, owner) })
	case 7:
		p.same("create", func(s storage.Store) (any, error) { return s.CreateAccounts(ctx, []storage.Account{{Addr: owner}}) })
		if p.chance(2) {
			p.same("delete an account", func(s storage.Store) (any, error) { return nil, s.DeleteAccount(ctx, owner) })
		}
	}
}

func (p *pair) index(s storage.Store) (any, error) {
	rows, err := s.Unindexed(p.Context(), 20)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	texts := make([]storage.Text, len(rows))
	for i, r := range rows {
		texts[i] = storage.Text{Owner: r.Owner, ID: r.ID, Text: p.texts[r.ID]}
	}
	return rows, s.Index(p.Context(), texts, texts[len(texts)-1].ID)
}

// batch makes rows of some months, with resends, marks and rewrites among them.
func (p *pair) batch() (b storage.Batch) {
	id := int64(1)
	if n := len(p.ids); n > 0 {
		id = p.ids[n-1]
	}
	for range p.IntN(6) {
		if id += 1 + p.Int64N(3); p.chance(30) {
			id += pairMonth
		}
		r := storage.Row{ID: id, Owner: p.owner(), Peer: p.peer(), Kind: storage.RowKind(1 + p.IntN(5)), Outgoing: p.chance(2)}
		if p.chance(3) {
			r.Origin = []byte{byte(p.IntN(12))}
		}
		r.Undelivered = r.Kind == storage.RowPassing || p.chance(3)
		p.texts[id] = p.word() + " " + p.word()
		r.Stanza = []byte(p.texts[id])
		p.ids, b.Rows = append(p.ids, id), append(b.Rows, r)
	}
	for range p.IntN(3) {
		b.Delivered = append(b.Delivered, storage.Mark{Owner: p.owner(), ID: p.id()})
		rw := storage.Rewrite{Owner: p.owner(), ID: p.id(), Stanza: []byte("new"), Tombstone: p.chance(2), Hold: p.chance(3)}
		if p.chance(3) {
			rw.Peer = p.peer()
		}
		b.Rewrites = append(b.Rewrites, rw)
	}
	return b
}

// look reads in every way.
func (p *pair) look() {
	ctx, owner, id, origin := p.Context(), p.owner(), p.id(), []byte{byte(p.IntN(12))}
	for range 4 {
		q := storage.Query{Owner: p.owner(), Newest: p.chance(2), Limit: 1 + p.IntN(8)}
		if p.chance(2) {
			q.With = p.peer()
		}
		if p.chance(3) {
			q.After = p.id()
		}
		if p.chance(3) {
			q.Before = p.id()
		}
		if p.chance(2) {
			q.Words = []string{p.word()}
		}
		p.same(fmt.Sprintf("page %+v", q), func(s storage.Store) (any, error) { return s.Page(ctx, q) })
	}
	p.same("rows", func(s storage.Store) (any, error) { return s.Rows(ctx, owner, []int64{id, id, id + 1}) })
	p.same("origin", func(s storage.Store) (any, error) { return s.ByOrigin(ctx, owner, origin) })
	p.same("undelivered", func(s storage.Store) (any, error) { return s.Undelivered(ctx, owner, id-50, 9) })
	p.same("count", func(s storage.Store) (any, error) { return s.CountUndelivered(ctx, owner, 3) })
	p.same("held", func(s storage.Store) (any, error) { return s.Held(ctx, owner, 0, 30) })
	p.same("last", func(s storage.Store) (any, error) { return s.LastRow(ctx) })
	p.same("owners", func(s storage.Store) (any, error) { return s.ArchiveOwners(ctx, wire.Addr{}, 9) })
}
