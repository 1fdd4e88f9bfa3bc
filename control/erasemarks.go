package control

import (
	"context"
	"fmt"

	"salon.im/salon/archive"
	"salon.im/salon/muc"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const nsOccupantID = "urn:xmpp:occupant-id:0"

// mark returns the occupant-id that the person had in a room, "" if rooms have given none.
func (e *eraser) mark(room wire.Addr) string {
	if len(e.key) == 0 {
		return ""
	}
	return muc.OccupantID(e.key, room, e.addr)
}

// marked reports whether a message has that occupant-id.
func marked(stanza []byte, id string) bool {
	st, err := wire.Parse(stanza)
	k, ok := st.Kid(nsOccupantID, "occupant-id")
	return err == nil && ok && id != "" && k.Attr("id") == id
}

// moderations takes the person out of a room's archive as a moderator, whose occupant-id is in the notices and in the tombstones
// of other people's messages (XEP-0425 §5). The notices are the room's own messages, and lead to the tombstones.
func (e *eraser) moderations(ctx context.Context, room wire.Addr) (n int, err error) {
	id := e.mark(room)
	if id == "" {
		return 0, nil
	}
	ids, err := e.u.ids()
	if err != nil {
		return 0, err
	}
	for q := (storage.Query{Owner: room, With: room, Limit: eraseChunk / 2}); ; {
		rows, err := e.u.o.Persons.Page(ctx, q)
		if err != nil {
			return n, err
		}
		var buried []int64
		rewrites := e.moderated(rows, id)
		for _, r := range rows {
			q.After = r.ID
			if target, ok := noticed(ids, r); ok {
				buried = append(buried, target)
			}
		}
		if len(rewrites) > 0 {
			tombs, err := e.u.o.Persons.Rows(ctx, room, buried)
			if err != nil {
				return n, err
			}
			// Both at once: an erasure that was cut short finds the tombstones by the notices.
			if err := e.u.o.Rewrite(ctx, append(e.moderated(tombs, id), rewrites...)); err != nil {
				return n, err
			}
		}
		n += len(rewrites)
		if len(rows) < q.Limit {
			return n, nil
		}
	}
}

// moderated rewrites those of the rows that name the person as the moderator.
func (e *eraser) moderated(rows []storage.Row, id string) (out []storage.Rewrite) {
	for _, r := range rows {
		if rw, ok := e.names.In(r.Owner).RewriteModeration(r, id, e.u.o.Held(r.Owner)); ok {
			out = append(out, rw)
		}
	}
	return out
}

// noticed returns which row a moderation's notice is about.
func noticed(ids archive.IDs, r storage.Row) (int64, bool) {
	st, err := wire.Parse(r.Stanza)
	if err != nil {
		return 0, false
	}
	stanzaID, ok := archive.Retracts(st)
	if !ok {
		return 0, false
	}
	id, err := ids.Parse(stanzaID)
	return id, err == nil
}

// occupantKey reads the key of the occupant-ids.
func (u *Users) occupantKey() ([]byte, error) {
	if u.o.OccupantKey == nil {
		return nil, nil
	}
	key, err := u.o.OccupantKey()
	if err != nil {
		return nil, fmt.Errorf("control: which occupant-ids to erase is not known: %w", err)
	}
	return key, nil
}
