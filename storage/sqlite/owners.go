package sqlite

import (
	"errors"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// owners remembers the numbers of archive owners. It belongs to who holds the writer.
type owners struct {
	storage.OwnerCache
	version uint32 // of the database behind the last transaction
}

// begin starts a transaction, and reports whether another connection wrote since the last one of ours: it may have deleted
// owners.
func (o *owners) begin(c *conn) (others bool, err error) {
	version, err := c.version()
	if err != nil {
		return false, err
	}
	if others = version != o.version; others {
		o.Clear()
	}
	return others, nil
}

func (o *owners) end(c *conn, committed bool) {
	o.End(committed)
	var err error
	if o.version, err = c.version(); err != nil {
		o.Clear()
	}
}

// id returns the owner's number and makes one if there is none.
func (o *owners) id(c *conn, addr wire.Addr) (int64, error) {
	id, err := o.find(c, addr)
	if !errors.Is(err, errNoRows) {
		return id, err
	}
	if err = c.get(`INSERT INTO owners (addr) VALUES (?) RETURNING id`, []any{addr.String()}, &id); err != nil {
		return 0, err
	}
	o.Remember(addr, id)
	return id, nil
}

// find returns the owner's number, or sql.ErrNoRows.
func (o *owners) find(c *conn, addr wire.Addr) (int64, error) {
	if id, ok := o.Find(addr); ok {
		return id, nil
	}
	id, err := findOwner(c, addr)
	if err == nil {
		o.Remember(addr, id)
	}
	return id, err
}

// findOwner returns the owner's number, or sql.ErrNoRows.
func findOwner(c *conn, addr wire.Addr) (id int64, err error) {
	err = c.get(`SELECT id FROM owners WHERE addr = ?`, []any{addr.String()}, &id)
	return id, err
}
