package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Room implements [storage.Rooms].
func (s *Store) Room(ctx context.Context, addr wire.Addr) (room storage.Room, err error) {
	err = s.snapshot(ctx, "read a room", func(b *pgx.Batch) {
		b.Queue(`SELECT `+storage.RoomColumns+` FROM rooms WHERE addr = $1`, addr.String()).QueryRow(func(r pgx.Row) error {
			room = storage.Room{Addr: addr}
			return found(storage.ScanRoom(r, &room))
		})
		b.Queue(`SELECT `+storage.AffiliationColumns+` FROM affiliations WHERE room = $1 ORDER BY addr`, addr.String()).
			Query(func(rows pgx.Rows) (err error) {
				room.Affiliations, err = collectRows(rows, storage.ScanAffiliation)
				return err
			})
	})
	if err != nil {
		return storage.Room{}, err
	}
	return room, nil
}

// PutRoom implements [storage.Rooms].
func (s *Store) PutRoom(ctx context.Context, room storage.Room, affiliations []storage.Affiliation) error {
	return s.write(ctx, "put a room", func(c *conn) error {
		_, err := c.exec(`INSERT INTO rooms
			(addr, service, created, config, public, name, subject, subject_from, subject_at, subject_stanza)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (addr) DO UPDATE SET
			created = excluded.created, config = excluded.config, public = excluded.public, name = excluded.name,
			subject = excluded.subject, subject_from = excluded.subject_from, subject_at = excluded.subject_at,
			subject_stanza = excluded.subject_stanza`,
			room.Addr.String(), room.Addr.Domain(), room.Created.UnixMilli(), blob(room.Config), room.Public, room.Name,
			room.Subject.Text, room.Subject.From.String(), millis(room.Subject.At), nullable(room.Subject.Stanza))
		if err != nil {
			return err
		}
		return putAffiliations(c, room.Addr, affiliations)
	})
}

// PutAffiliations implements [storage.Rooms].
func (s *Store) PutAffiliations(ctx context.Context, room wire.Addr, affiliations []storage.Affiliation) error {
	return s.write(ctx, "put affiliations", func(c *conn) error {
		var one int // locked: whoever changes a room waits for the one before
		if err := c.get(`SELECT 1 FROM rooms WHERE addr = $1 FOR NO KEY UPDATE`, []any{room.String()}, &one); err != nil {
			return found(err)
		}
		return putAffiliations(c, room, affiliations)
	})
}

// putAffiliations needs the room's row locked. Rows are taken in the order of addresses, as the end of an account does.
func putAffiliations(c *conn, room wire.Addr, affiliations []storage.Affiliation) error {
	sorted := slices.Clone(affiliations)
	slices.SortStableFunc(sorted, func(a, b storage.Affiliation) int { return a.Addr.Compare(b.Addr) })
	b := &pgx.Batch{}
	for _, a := range sorted {
		if a.Value == "none" {
			b.Queue(`DELETE FROM affiliations WHERE room = $1 AND addr = $2`, room.String(), a.Addr.String())
			continue
		}
		if err := storage.CheckKey(room.String(), a.Addr.String()); err != nil {
			return err
		}
		b.Queue(`INSERT INTO affiliations (room, addr, value, nick, reason, by, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (room, addr) DO UPDATE SET value = excluded.value, nick = excluded.nick, reason = excluded.reason,
			by = excluded.by, at = excluded.at`,
			room.String(), a.Addr.String(), a.Value, a.Nick, a.Reason, a.By.String(), millis(a.At))
	}
	return c.send(b)
}

// PutSubject implements [storage.Rooms].
func (s *Store) PutSubject(ctx context.Context, room wire.Addr, subject storage.Subject) error {
	return s.write(ctx, "put a subject", func(c *conn) error {
		return storage.Changed(c.exec(`UPDATE rooms SET subject = $2, subject_from = $3, subject_at = $4, subject_stanza = $5 WHERE addr = $1`,
			room.String(), subject.Text, subject.From.String(), millis(subject.At), nullable(subject.Stanza)))
	})
}

// ForgetRoom implements [storage.Rooms].
func (s *Store) ForgetRoom(ctx context.Context, addr wire.Addr) error {
	return s.write(ctx, "forget a room", func(c *conn) error {
		return storage.Changed(c.exec(`DELETE FROM rooms WHERE addr = $1`, addr.String())) // its affiliations go with it
	})
}

// ListRooms implements [storage.Rooms].
func (s *Store) ListRooms(ctx context.Context, service string, after wire.Addr, limit int, hidden bool) (items []storage.RoomItem, err error) {
	err = s.read(ctx, "list rooms", func(c *conn) error {
		items, err = collect(c, storage.ScanRoomItem, `SELECT `+storage.RoomItemColumns+` FROM rooms
			WHERE service = $1 AND addr > $2 AND (public OR $3) ORDER BY addr LIMIT $4`, service, after.String(), hidden, max(limit, 0))
		return err
	})
	return items, err
}

// FindRooms implements [storage.Rooms].
func (s *Store) FindRooms(ctx context.Context, service string, part []byte, after wire.Addr, limit int) (rooms []wire.Addr, err error) {
	err = s.read(ctx, "find rooms", func(c *conn) error {
		rooms, err = collect(c, storage.ScanAddr, `SELECT addr FROM rooms WHERE service = $1 AND addr > $2 AND position($3::bytea IN config) > 0
			ORDER BY addr LIMIT $4`, service, after.String(), blob(part), max(limit, 0))
		return err
	})
	return rooms, err
}

// CountOwned implements [storage.Rooms].
func (s *Store) CountOwned(ctx context.Context, addr wire.Addr) (n int, err error) {
	err = s.read(ctx, "count rooms", func(c *conn) error {
		return c.get(`SELECT count(*) FROM affiliations WHERE addr = $1 AND value = 'owner'`, []any{addr.String()}, &n)
	})
	return n, err
}
