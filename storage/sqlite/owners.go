package sqlite

import (
	"database/sql"
	"errors"
	"strings"

	"salon.im/salon/wire"
)

// maxOwners bounds the cache of owners' numbers, at about 200 bytes each.
const maxOwners = 20_000

// owners remembers the numbers of archive owners. It belongs to who holds the writer.
type owners struct {
	max     int
	ids     map[string]int64
	fresh   []string // added in this transaction: forgotten if it fails
	version uint32   // of the database behind the last transaction
}

func newOwners(limit int) *owners {
	return &owners{max: limit, ids: make(map[string]int64)}
}

// begin starts a transaction, and reports whether another connection wrote since the last one of ours: it may have deleted
// owners.
func (o *owners) begin(c *conn) (others bool, err error) {
	version, err := c.version()
	if err != nil {
		return false, err
	}
	if others = version != o.version; others {
		clear(o.ids)
	}
	return others, nil
}

func (o *owners) end(c *conn, committed bool) {
	if !committed {
		for _, addr := range o.fresh {
			delete(o.ids, addr)
		}
	}
	o.fresh = o.fresh[:0]
	var err error
	if o.version, err = c.version(); err != nil {
		clear(o.ids)
	}
}

// id returns the owner's number and makes one if there is none.
func (o *owners) id(c *conn, addr wire.Addr) (int64, error) {
	id, err := o.find(c, addr)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	if err = c.get(`INSERT INTO owners (addr) VALUES (?) RETURNING id`, []any{addr.String()}, &id); err != nil {
		return 0, err
	}
	o.remember(addr, id)
	return id, nil
}

// find returns the owner's number, or sql.ErrNoRows.
func (o *owners) find(c *conn, addr wire.Addr) (int64, error) {
	if id, ok := o.ids[addr.String()]; ok {
		return id, nil
	}
	id, err := findOwner(c, addr)
	if err == nil {
		o.remember(addr, id)
	}
	return id, err
}

func (o *owners) remember(addr wire.Addr, id int64) {
	if len(o.ids) >= o.max { // rare, and cheap to refill: any half will do
		for a := range o.ids {
			if delete(o.ids, a); len(o.ids) <= o.max/2 {
				break
			}
		}
	}
	key := strings.Clone(addr.String()) // it may be a piece of a stanza
	o.ids[key] = id
	o.fresh = append(o.fresh, key)
}

func (o *owners) forget(addr wire.Addr) { delete(o.ids, addr.String()) }

// findOwner returns the owner's number, or sql.ErrNoRows.
func findOwner(c *conn, addr wire.Addr) (id int64, err error) {
	err = c.get(`SELECT id FROM owners WHERE addr = ?`, []any{addr.String()}, &id)
	return id, err
}
