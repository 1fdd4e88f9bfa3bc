package sqlite

import (
	"context"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Room implements [storage.Rooms].
func (s *Store) Room(ctx context.Context, addr wire.Addr) (room storage.Room, err error) {
	err = s.read(ctx, "read a room", func(c *conn) error {
		room, err = first(c, storage.ScanRoom, `SELECT `+storage.RoomColumns+` FROM rooms WHERE addr = ?`, addr.String())
		if err != nil {
			return found(err)
		}
		room.Addr = addr
		room.Affiliations, err = collect(c, storage.ScanAffiliation,
			`SELECT `+storage.AffiliationColumns+` FROM affiliations WHERE room = ? ORDER BY addr`, addr.String())
		return err
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
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (addr) DO UPDATE SET
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
		var one int
		if err := c.get(`SELECT 1 FROM rooms WHERE addr = ?`, []any{room.String()}, &one); err != nil {
			return found(err)
		}
		return putAffiliations(c, room, affiliations)
	})
}

func putAffiliations(c *conn, room wire.Addr, affiliations []storage.Affiliation) error {
	for i := range affiliations {
		a := &affiliations[i]
		var err error
		if a.Value == "none" {
			_, err = c.exec(`DELETE FROM affiliations WHERE room = ? AND addr = ?`, room.String(), a.Addr.String())
		} else if err = storage.CheckKey(room.String(), a.Addr.String()); err == nil {
			_, err = c.exec(`INSERT OR REPLACE INTO affiliations (room, addr, value, nick, reason, by, at)
				VALUES (?, ?, ?, ?, ?, ?, ?)`,
				room.String(), a.Addr.String(), a.Value, a.Nick, a.Reason, a.By.String(), millis(a.At))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// PutSubject implements [storage.Rooms].
func (s *Store) PutSubject(ctx context.Context, room wire.Addr, subject storage.Subject) error {
	return s.write(ctx, "put a subject", func(c *conn) error {
		return storage.Changed(c.exec(`UPDATE rooms SET subject = ?, subject_from = ?, subject_at = ?, subject_stanza = ? WHERE addr = ?`,
			subject.Text, subject.From.String(), millis(subject.At), nullable(subject.Stanza), room.String()))
	})
}

// ForgetRoom implements [storage.Rooms]. The room's affiliations refer to its record and go with it.
func (s *Store) ForgetRoom(ctx context.Context, addr wire.Addr) error {
	return s.write(ctx, "forget a room", func(c *conn) error {
		return storage.Changed(c.exec(`DELETE FROM rooms WHERE addr = ?`, addr.String()))
	})
}

// ListRooms implements [storage.Rooms].
func (s *Store) ListRooms(ctx context.Context, service string, after wire.Addr, limit int, hidden bool) (items []storage.RoomItem, err error) {
	err = s.read(ctx, "list rooms", func(c *conn) error {
		items, err = collect(c, storage.ScanRoomItem, `SELECT `+storage.RoomItemColumns+` FROM rooms
			WHERE service = ? AND addr > ? AND (public OR ?) ORDER BY addr LIMIT ? + 0`, service, after.String(), hidden, max(limit, 0))
		return err
	})
	return items, err
}

// FindRooms implements [storage.Rooms].
func (s *Store) FindRooms(ctx context.Context, service string, part []byte, after wire.Addr, limit int) (rooms []wire.Addr, err error) {
	err = s.read(ctx, "find rooms", func(c *conn) error {
		rooms, err = collect(c, storage.ScanAddr, `SELECT addr FROM rooms WHERE service = ? AND addr > ? AND instr(config, ?) > 0
			ORDER BY addr LIMIT ? + 0`, service, after.String(), blob(part), max(limit, 0))
		return err
	})
	return rooms, err
}

// CountOwned implements [storage.Rooms].
func (s *Store) CountOwned(ctx context.Context, addr wire.Addr) (n int, err error) {
	err = s.read(ctx, "count rooms", func(c *conn) error {
		return c.get(`SELECT count(*) FROM affiliations WHERE addr = ? AND value = 'owner'`, []any{addr.String()}, &n)
	})
	return n, err
}
