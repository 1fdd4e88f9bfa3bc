package sqlite

import (
	"cmp"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"sync"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// fresh finds the newest rows of the archive, those above the mark that archive_folded holds. A row touches three places
// far apart in the tables by which the others are found, so that a batch of rows would write most of their pages anew.
// Therefore new rows are found here, in memory, and move on by thousands, in order: see fold. After a crash they are read
// from the archive again.
//
// Readers see what is committed. They ask before their own transaction begins, and leave out what is not above the mark that
// they read then: it is in the tables, unless it was deleted. What is above it is as it was when they asked, but for rows of the
// kind [storage.RowPassing], which no page has.
type fresh struct {
	mu sync.RWMutex
	freshIndex

	// These belong to the holder of the writer.
	mark    int64                 // rows up to this id have moved on
	last    int64                 // the highest id
	stale   bool                  // the archive may have other rows above the mark: load
	added   []freshRow            // by the transaction under way, as removed, moved and since
	removed []freshRow            // of these or of earlier ones
	since   map[freshOrigin]int64 // the origins of added
	moved   int64                 // what mark becomes; 0 if it stays
}

// freshIndex is what is known of fresh rows: about 250 bytes a row, 4 KiB if its addresses are as long as they can be.
type freshIndex struct {
	rows    map[string][]freshRow // by the owner's address, in the order of their ids
	origins map[freshOrigin]int64 // ids
	count   int
}

type freshRow struct {
	freshOrigin
	id      int64
	peer    string
	passing bool
}

// freshOrigin is an owner's address and a row's origin, "" if it has none.
type freshOrigin struct{ owner, origin string }

func newFresh() fresh { return fresh{freshIndex: newFreshIndex(), since: make(map[freshOrigin]int64)} }

func newFreshIndex() freshIndex {
	return freshIndex{rows: make(map[string][]freshRow), origins: make(map[freshOrigin]int64)}
}

func (x *freshIndex) insert(row freshRow) {
	rows := x.rows[row.owner]
	at, _ := slices.BinarySearchFunc(rows, row.id, freshRow.compare)
	x.rows[row.owner] = slices.Insert(rows, at, row)
	if row.origin != "" {
		x.origins[row.freshOrigin] = row.id
	}
	x.count++
}

func (x *freshIndex) remove(row freshRow) {
	rows := x.rows[row.owner]
	at, ok := slices.BinarySearchFunc(rows, row.id, freshRow.compare)
	if !ok {
		return
	}
	delete(x.origins, rows[at].freshOrigin)
	x.rows[row.owner] = slices.Delete(rows, at, at+1)
	x.count--
}

func (r freshRow) compare(id int64) int { return cmp.Compare(r.id, id) }

// with reports whether the peer is who [storage.Query.With] asks for.
func (r *freshRow) with(peer wire.Addr) bool {
	if peer.IsZero() {
		return true
	}
	rest, ok := strings.CutPrefix(r.peer, peer.String())
	return ok && (rest == "" || rest[0] == '/' && !peer.IsFull())
}

// find returns the id of the owner's fresh row with that origin, or 0.
func (f *fresh) find(owner wire.Addr, origin []byte) int64 {
	if len(origin) == 0 {
		return 0
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.origins[freshOrigin{owner.String(), string(origin)}]
}

// page returns the ids of the fresh rows on the page that q asks for, if it had no others: oldest first.
func (f *fresh) page(q *storage.Query) (ids []int64) {
	after, before, limit := q.Bounds()
	f.mu.RLock()
	defer f.mu.RUnlock()
	rows := f.rows[q.Owner.String()]
	from, found := slices.BinarySearchFunc(rows, after, freshRow.compare)
	if found {
		from++
	}
	to, _ := slices.BinarySearchFunc(rows, before, freshRow.compare)
	rows = rows[min(from, to):to]
	for i := 0; i < len(rows) && len(ids) < limit; i++ {
		row := &rows[i]
		if q.Newest {
			row = &rows[len(rows)-1-i]
		}
		if !row.passing && row.with(q.With) {
			ids = append(ids, row.id)
		}
	}
	if q.Newest {
		slices.Reverse(ids)
	}
	return ids
}

// begin starts a transaction. others says that another connection wrote since the last one.
func (f *fresh) begin(c *conn, others bool) error {
	if f.stale = f.stale || others; !f.stale {
		return nil
	}
	if err := f.loadOrFold(c); err != nil {
		return err
	}
	f.stale = false
	return nil
}

// start is begin and end of a store that is opened: it needs no transaction if there is nothing to write.
func (f *fresh) start(c *conn) error {
	err := f.load(c)
	if errors.Is(err, errManyFresh) {
		err = c.transact("BEGIN IMMEDIATE", f.loadOrFold)
		f.end(err == nil)
	}
	return err
}

// loadOrFold moves the rows on if there are too many. It needs a transaction.
func (f *fresh) loadOrFold(c *conn) error {
	err := f.load(c)
	if !errors.Is(err, errManyFresh) {
		return err
	}
	if err := c.get(`SELECT max(id) FROM archive`, nil, &f.last); err != nil {
		return err
	}
	return f.fold(c)
}

// maxLoad bounds the rows that are read: more come of nothing but a restoration that was cut short, which may leave millions.
const maxLoad = 2 * foldRows

var errManyFresh = errors.New("sqlite: too many fresh rows")

// load reads the fresh rows from the archive. If they are more than maxLoad it returns errManyFresh.
func (f *fresh) load(c *conn) error {
	if err := c.get(`SELECT id FROM archive_folded`, nil, &f.mark); err != nil {
		return err
	}
	x := newFreshIndex()
	f.last = f.mark
	err := c.list(`SELECT a.id, o.addr, a.peer, a.origin, a.kind = 5 FROM archive a JOIN owners o ON o.id = a.owner
		WHERE a.id > ? ORDER BY a.id LIMIT ? + 0`, []any{f.mark, maxLoad + 1}, func(r *sql.Rows) error {
		if x.count == maxLoad {
			return errManyFresh
		}
		var row freshRow
		var owner, origin sql.NullString
		err := r.Scan(&row.id, &owner, &row.peer, &origin, &row.passing)
		row.owner, row.origin = owner.String, origin.String // "" once the owner was deleted
		x.insert(row)
		f.last = row.id
		return err
	})
	if err == nil {
		f.replace(x)
	}
	return err
}

func (f *fresh) replace(x freshIndex) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.freshIndex = x
}

// add notes a row above the mark.
func (f *fresh) add(r *storage.Row) {
	owner, peer := strings.Clone(r.Owner.String()), strings.Clone(r.Peer.String()) // they may be pieces of stanzas
	row := freshRow{freshOrigin{owner, string(r.Origin)}, r.ID, peer, r.Kind == storage.RowPassing}
	f.added = append(f.added, row)
	f.last = max(f.last, row.id)
	if row.origin != "" {
		f.since[row.freshOrigin] = row.id
	}
}

// stored is find, for a row of the transaction under way: it knows what that has added, too.
func (f *fresh) stored(r *storage.Row) int64 {
	if id := f.since[freshOrigin{r.Owner.String(), string(r.Origin)}]; id != 0 {
		return id
	}
	return f.find(r.Owner, r.Origin)
}

// drop notes rows that are deleted, and returns how many there are. ids is a constant that selects them.
func (f *fresh) drop(c *conn, ids string, args ...any) (n int, err error) {
	err = c.list(`SELECT a.id, o.addr FROM archive a JOIN owners o ON o.id = a.owner WHERE a.id IN (`+ids+`)`, args, func(r *sql.Rows) error {
		var row freshRow
		var owner sql.NullString
		err := r.Scan(&row.id, &owner)
		row.owner = owner.String
		f.removed = append(f.removed, row)
		n++
		return err
	})
	return n, err
}

// end ends a transaction.
func (f *fresh) end(committed bool) {
	if !committed {
		f.stale = true
	} else if len(f.added) > 0 || len(f.removed) > 0 || f.moved != 0 {
		f.commit()
	}
	clear(f.added)
	clear(f.removed)
	clear(f.since)
	f.added, f.removed, f.moved = f.added[:0], f.removed[:0], 0
}

func (f *fresh) commit() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.moved != 0 { // all that came before this transaction
		f.freshIndex, f.mark = newFreshIndex(), f.moved
	}
	for _, row := range f.added {
		if row.id > f.mark {
			f.insert(row)
		}
	}
	for _, row := range f.removed {
		f.remove(row)
	}
}

// size counts the rows, as the transaction under way sees them.
func (f *fresh) size() int { return f.count + len(f.added) }

// high returns the mark as the transaction under way sees it.
func (f *fresh) high() int64 { return max(f.mark, f.moved) }
