package postgres

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/wire"
)

// maxOwners bounds the cache of owners' numbers, at about 200 bytes each.
const maxOwners = 20_000

// owners remembers the numbers of archive owners. It belongs to who holds the writer. Only the holder of the lock removes
// owners, so that it is right as long as the writer's connection lives.
type owners struct {
	max   int
	ids   map[string]int64
	fresh []string // added in this transaction: forgotten if it fails
}

func newOwners(limit int) *owners {
	return &owners{max: limit, ids: make(map[string]int64)}
}

func (o *owners) clear() { clear(o.ids) }

func (o *owners) end(committed bool) {
	if !committed {
		for _, addr := range o.fresh {
			delete(o.ids, addr)
		}
	}
	o.fresh = o.fresh[:0]
}

// learn sees to it that all of addrs that have a number are known, and makes numbers for the others if create is set. It
// returns the numbers of those that have one.
func (o *owners) learn(c *conn, addrs []wire.Addr, create bool) (map[wire.Addr]int64, error) {
	numbers := make(map[wire.Addr]int64, len(addrs))
	var unknown []string
	for _, addr := range addrs {
		if _, seen := numbers[addr]; seen {
			continue
		}
		id, ok := o.ids[addr.String()]
		if numbers[addr] = id; !ok {
			unknown = append(unknown, addr.String())
		}
	}
	if len(unknown) == 0 {
		return numbers, nil
	}
	found, err := queryOwners(c, `SELECT addr, id FROM owners WHERE addr = ANY($1)`, unknown)
	if err != nil {
		return nil, err
	}
	if create && len(found) < len(unknown) {
		made, err := queryOwners(c, `INSERT INTO owners (addr) SELECT a FROM unnest($1::text[]) a
			WHERE NOT EXISTS (SELECT FROM owners WHERE addr = a) RETURNING addr, id`, unknown)
		if err != nil {
			return nil, err
		}
		for addr, id := range made {
			found[addr] = id
		}
	}
	for addr := range numbers {
		if id, ok := found[addr.String()]; ok {
			numbers[addr] = id
			o.remember(addr.String(), id)
		} else if numbers[addr] == 0 {
			delete(numbers, addr)
		}
	}
	return numbers, nil
}

func queryOwners(c *conn, query string, addrs []string) (map[string]int64, error) {
	found := make(map[string]int64, len(addrs))
	err := c.list(query, []any{addrs}, func(r pgx.Rows) error {
		var addr string
		var id int64
		err := r.Scan(&addr, &id)
		found[addr] = id
		return err
	})
	return found, err
}

func (o *owners) remember(addr string, id int64) {
	if len(o.ids) >= o.max { // rare, and cheap to refill: any half will do
		for a := range o.ids {
			if delete(o.ids, a); len(o.ids) <= o.max/2 {
				break
			}
		}
	}
	addr = strings.Clone(addr) // it may be a piece of a stanza
	o.ids[addr] = id
	o.fresh = append(o.fresh, addr)
}

func (o *owners) forget(addr wire.Addr) { delete(o.ids, addr.String()) }

// findOwner returns the owner's number, or 0.
func findOwner(c *conn, addr wire.Addr) (id int64, err error) {
	err = c.get(`SELECT id FROM owners WHERE addr = $1`, []any{addr.String()}, &id)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	return id, err
}
