package storagetest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Model makes random changes to the archives of an empty store, and holds what it finds in them against a map in memory. What
// it does follows from the seed.
//
// change returns the store for the next change and look the one for what is read then, which may be another one of the same
// data, or the same opened anew.
func Model(t *testing.T, seed uint64, changes int, change, look func(*rand.Rand) storage.Store) {
	m := &model{T: t, Rand: rand.New(rand.NewPCG(seed, 0)), rows: make(map[int64]storage.Row), last: 100}
	s := change(m.Rand)
	create(t, s, alice, bob)
	must(t, s.PutRoom(ctx(t), room(garden), nil))
	for i := range changes {
		m.did = ""
		m.change(change(m.Rand))
		m.look(look(m.Rand))
		if t.Failed() {
			t.Fatalf("seed %d, change %d: %s", seed, i, m.did)
		}
	}
}

type model struct {
	*testing.T
	*rand.Rand
	rows map[int64]storage.Row
	last int64 // the highest id that was used, even by what failed
	high int64 // the highest that was stored
	did  string
}

// modelOrigins is how many origins there are: few, so that those of rows that are gone come again.
const modelOrigins = 12

var (
	modelOwners = []wire.Addr{alice, bob, garden}
	// Each is the beginning of another one, or has its resource.
	modelPeers = []wire.Addr{
		bob, addr("bob@example.test/phone"), addr("bob@example.testing"), addr("bob@example.test/phone/2"), example,
		addr("example.test/bob"), emoji, addr("room@conference.example.test/🦆"), emoji.Bare(), jürgen,
	}
	modelKinds = []storage.RowKind{storage.RowChat, storage.RowGroupchat, storage.RowPrivate, storage.RowPassing}
)

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func (m *model) note(format string, args ...any) { m.did += fmt.Sprintf(format+"; ", args...) }

// some returns the id of a row, or of none.
func (m *model) some() int64 {
	if ids := slices.Sorted(maps.Keys(m.rows)); len(ids) > 0 && m.IntN(8) > 0 {
		return pick(m.Rand, ids)
	}
	return 1 + m.Int64N(m.last+5)
}

func (m *model) change(s storage.Store) {
	switch n := m.IntN(20); {
	case n < 13:
		m.append(s)
	case n < 15:
		m.clear(s)
	case n < 18:
		m.deleteBefore(s)
	case n < 19:
		m.deleteOwner(s)
	default:
		m.fail(s)
	}
}

// append appends a batch: mostly with new ids, some of them older than others, and with resends.
func (m *model) append(s storage.Store) {
	var b storage.Batch
	used := make(map[int64]bool)
	for range m.IntN(6) {
		r := m.row()
		if again, ok := m.rows[r.ID]; ok {
			r = again
			r.Undelivered = r.Kind == storage.RowPassing
			if len(r.Origin) > 0 && m.IntN(2) == 0 {
				r.Stanza = []byte("<message/>") // as it was before it was rewritten
			}
		}
		if used[r.ID] {
			continue
		}
		used[r.ID] = true
		b.Rows = append(b.Rows, r)
	}
	var dropped []storage.Dropped
	for i, r := range b.Rows {
		if id := m.insert(r); id != 0 {
			dropped = append(dropped, storage.Dropped{Index: i, ID: id})
		}
	}
	for range m.IntN(3) {
		mark := storage.Mark{Owner: pick(m.Rand, modelOwners), ID: m.some()}
		b.Delivered = append(b.Delivered, mark)
		m.deliver(mark)
	}
	for range m.IntN(5) / 3 {
		w := m.rewrite()
		b.Rewrites = append(b.Rewrites, w)
		m.apply(w)
	}
	m.note("append %v", b)
	got, err := s.Append(ctx(m.T), b)
	must(m.T, err)
	if len(dropped)+len(got) > 0 {
		want(m.T, "dropped", got, dropped)
	}
}

func (m *model) row() storage.Row {
	id := m.last + 1 + m.Int64N(3)
	switch m.IntN(12) {
	case 0:
		id = 1 + m.Int64N(m.last) // it may be there: then that row comes again
	case 1, 2:
		id = m.some()
	}
	m.last = max(m.last, id)
	r := row(id, pick(m.Rand, modelOwners), pick(m.Rand, modelPeers))
	r.Kind = pick(m.Rand, modelKinds)
	r.Undelivered = r.Kind == storage.RowPassing || m.IntN(3) == 0
	r.Outgoing = m.IntN(2) == 0
	if m.IntN(2) == 0 {
		r.Origin = []byte{byte(m.IntN(modelOrigins))}
	}
	r.Stanza = fmt.Appendf(nil, "<message id='%d'/>", m.Uint32())
	return r
}

// insert returns the id of the row that is there in its place, or 0.
func (m *model) insert(r storage.Row) int64 {
	if stored := m.byOrigin(r.Owner, r.Origin); stored != 0 {
		return stored
	}
	if _, taken := m.rows[r.ID]; taken {
		return r.ID
	}
	m.rows[r.ID] = r
	m.high = max(m.high, r.ID)
	return 0
}

func (m *model) byOrigin(owner wire.Addr, origin []byte) int64 {
	for id, r := range m.rows {
		if r.Owner == owner && len(origin) > 0 && bytes.Equal(r.Origin, origin) {
			return id
		}
	}
	return 0
}

func (m *model) deliver(mark storage.Mark) {
	r, ok := m.rows[mark.ID]
	if !ok || r.Owner != mark.Owner {
		return
	}
	if r.Undelivered = false; r.Kind == storage.RowPassing {
		delete(m.rows, r.ID)
		return
	}
	m.rows[r.ID] = r
}

func (m *model) rewrite() storage.Rewrite {
	w := storage.Rewrite{Owner: pick(m.Rand, modelOwners), ID: m.some(), Stanza: fmt.Appendf(nil, "<message new='%d'/>", m.Uint32())}
	if r, ok := m.rows[w.ID]; ok && m.IntN(8) > 0 {
		w.Owner = r.Owner
	}
	w.Tombstone = m.IntN(2) == 0
	if m.IntN(3) > 0 {
		w.Peer = pick(m.Rand, modelPeers)
	}
	return w
}

func (m *model) apply(w storage.Rewrite) {
	r, ok := m.rows[w.ID]
	if !ok || r.Owner != w.Owner || r.Tombstone && w.Tombstone {
		return
	}
	if r.Stanza = w.Stanza; !w.Peer.IsZero() {
		r.Peer = w.Peer
	}
	r.Tombstone = r.Tombstone || w.Tombstone
	m.rows[r.ID] = r
	if w.Tombstone {
		m.deliver(storage.Mark{Owner: r.Owner, ID: r.ID})
	}
}

func (m *model) clear(s storage.Store) {
	owner, upTo := pick(m.Rand, modelOwners), m.some()
	m.note("clear %v %d", owner, upTo)
	must(m.T, s.ClearUndelivered(ctx(m.T), owner, upTo))
	for _, id := range slices.Sorted(maps.Keys(m.rows)) {
		if id <= upTo && m.rows[id].Undelivered {
			m.deliver(storage.Mark{Owner: owner, ID: id})
		}
	}
}

func (m *model) deleteBefore(s storage.Store) {
	owner, before, limit := pick(m.Rand, append(modelOwners, wire.Addr{})), m.some(), 1+m.IntN(6)
	m.note("delete %d rows of %v before %d", limit, owner, before)
	left := limit
	for _, id := range slices.Sorted(maps.Keys(m.rows)) {
		if id < before && left > 0 && (owner.IsZero() || m.rows[id].Owner == owner) {
			delete(m.rows, id)
			left--
		}
	}
	n, err := s.DeleteBefore(ctx(m.T), owner, before, limit)
	must(m.T, err)
	want(m.T, "rows deleted", n, limit-left)
}

// deleteOwner deletes an account or the room, and makes a new one of its name.
func (m *model) deleteOwner(s storage.Store) {
	owner := pick(m.Rand, modelOwners)
	m.note("delete %v", owner)
	maps.DeleteFunc(m.rows, func(_ int64, r storage.Row) bool { return r.Owner == owner })
	if owner == garden {
		must(m.T, s.DeleteRoom(ctx(m.T), owner))
		must(m.T, s.PutRoom(ctx(m.T), room(owner), nil))
		return
	}
	must(m.T, s.DeleteAccount(ctx(m.T), owner))
	create(m.T, s, owner)
}

// fail appends a batch that cannot be stored: at its end is another row with an id that is taken.
func (m *model) fail(s storage.Store) {
	taken, ok := m.rows[m.some()]
	if !ok {
		must(m.T, s.Ping(ctx(m.T))) // a store sees what another process wrote once it writes itself
		return
	}
	taken.Origin, taken.Stanza = nil, []byte("<other/>")
	b := storage.Batch{Rewrites: []storage.Rewrite{m.rewrite()}}
	last := m.last
	for range m.IntN(3) {
		if r := m.row(); r.ID > last {
			last = r.ID
			b.Rows = append(b.Rows, r)
		}
	}
	b.Rows = append(b.Rows, taken)
	m.note("fail with %v", b)
	_, err := s.Append(ctx(m.T), b)
	if !errors.Is(err, storage.ErrConflict) {
		m.Errorf("error %v", err)
	}
}

// look compares what the store says.
func (m *model) look(s storage.Store) {
	for range 6 {
		q := storage.Query{Owner: pick(m.Rand, modelOwners), Newest: m.IntN(2) == 0, Limit: 1 + m.IntN(12)}
		if m.IntN(2) == 0 {
			q.With = pick(m.Rand, modelPeers)
		}
		if m.IntN(3) == 0 {
			q.After = pick(m.Rand, []int64{m.some(), -1, math.MaxInt64})
		}
		if m.IntN(3) == 0 {
			q.Before = pick(m.Rand, []int64{m.some(), 1, math.MaxInt64})
		}
		want(m.T, fmt.Sprintf("page %+v", q), spell(readPage(m.T, s, q)), spell(m.page(q)))
	}
	owner := pick(m.Rand, modelOwners)
	ids := []int64{m.some(), m.some(), m.some()}
	want(m.T, fmt.Sprint("rows ", ids), spell(readRows(m.T, s, owner, ids...)), spell(m.selected(func(r storage.Row) bool {
		return r.Owner == owner && r.Kind != storage.RowPassing && slices.Contains(ids, r.ID)
	})))
	marked, err := s.Undelivered(ctx(m.T), owner, 0, 1000)
	must(m.T, err)
	want(m.T, "undelivered", spell(marked), spell(m.selected(func(r storage.Row) bool { return r.Owner == owner && r.Undelivered })))
	want(m.T, "the highest id", lastRow(m.T, s), m.high)
	origin := []byte{byte(m.IntN(modelOrigins))}
	switch r, err := s.ByOrigin(ctx(m.T), owner, origin); {
	case errors.Is(err, storage.ErrNotFound):
		want(m.T, "row without origin", m.byOrigin(owner, origin), 0)
	default:
		must(m.T, err)
		want(m.T, "by origin", spell([]storage.Row{r}), spell([]storage.Row{m.rows[m.byOrigin(owner, origin)]}))
	}
}

func (m *model) selected(match func(storage.Row) bool) (rows []storage.Row) {
	for _, r := range m.rows {
		if match(r) {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b storage.Row) int { return cmp.Compare(a.ID, b.ID) })
	return rows
}

func (m *model) page(q storage.Query) []storage.Row {
	rows := m.selected(func(r storage.Row) bool {
		with := q.With.IsZero() || r.Peer == q.With || !q.With.IsFull() && r.Peer.Bare() == q.With
		return r.Owner == q.Owner && with && r.Kind != storage.RowPassing && r.ID > q.After && (q.Before == 0 || r.ID < q.Before)
	})
	n := min(q.Limit, len(rows))
	if q.Newest {
		return rows[len(rows)-n:]
	}
	return rows[:n]
}

// spell is a line for each row.
func spell(rows []storage.Row) string {
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%d %v %v %d %t %x %t %t %s\n", r.ID, r.Owner, r.Peer, r.Kind, r.Outgoing, r.Origin, r.Undelivered, r.Tombstone, r.Stanza)
	}
	return b.String()
}
