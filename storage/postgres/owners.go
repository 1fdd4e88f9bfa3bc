package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// owners remembers the numbers of archive owners. It belongs to who holds the writer. Only the holder of the lock removes
// owners, so that it is right as long as the writer's connection lives.
type owners struct{ storage.OwnerCache }

// learn sees to it that all of addrs that have a number are known, and makes numbers for the others if create is set. It
// returns the numbers of those that have one.
func (o *owners) learn(c *conn, addrs []wire.Addr, create bool) (map[wire.Addr]int64, error) {
	numbers := make(map[wire.Addr]int64, len(addrs))
	var unknown []string
	for _, addr := range addrs {
		if _, seen := numbers[addr]; seen {
			continue
		}
		id, ok := o.Find(addr)
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
			o.Remember(addr, id)
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

// findOwner returns the owner's number, or 0.
func findOwner(c *conn, addr wire.Addr) (id int64, err error) {
	err = c.get(`SELECT id FROM owners WHERE addr = $1`, []any{addr.String()}, &id)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	return id, err
}
