package control

import (
	"context"
	"fmt"
	"io"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/wire"
)

// MaxHeld is the most rows that HeldRows returns at a time.
const MaxHeld = 100

// maxHeldBytes ends an answer of HeldRows before that.
const maxHeldBytes = 1 << 20

// Privacy is the part of Admin that is about what is kept of people.
type Privacy interface {
	// ExportUser writes everything that is kept of a user, as an XEP-0227 document with the archive (§4.11). What was
	// written before an error is no document.
	ExportUser(ctx context.Context, addr wire.Addr, to io.Writer) error
	// EraseUser deletes an account with everything it owns, and gives the person's messages in rooms to a pseudonym, one in
	// each room. With bury the messages are replaced by tombstones as well. A person without an account here is erased from
	// the rooms. What is under hold is refused.
	EraseUser(ctx context.Context, addr wire.Addr, bury bool) (EraseReport, error)
	// HeldRows returns up to limit (1 to MaxHeld) messages, oldest first, that were retracted, moderated or erased in the
	// archive of an account or a room under hold, as they were, behind the one with the id `after`, "" at first. It may be
	// fewer although there are more; none is the end.
	HeldRows(ctx context.Context, owner wire.Addr, after string, limit int) ([]HeldRow, error)
	// Expire deletes what is older than its archive keeps, now. It takes a running server.
	Expire(ctx context.Context) (archive.KeeperReport, error)
	// Reindex makes the full-text index anew, and returns how many rows were looked at.
	Reindex(ctx context.Context) (rows int, err error)
}

// HeldRow is one message that a hold kept.
type HeldRow struct {
	ID     string    `json:"id"` // the stanza-id in the archive
	Time   time.Time `json:"time"`
	Peer   string    `json:"peer"`
	Stanza string    `json:"stanza"` // XML
}

// HeldRows implements Privacy.
func (u *Users) HeldRows(ctx context.Context, owner wire.Addr, after string, limit int) ([]HeldRow, error) {
	if limit < 1 || limit > MaxHeld {
		return nil, invalid("limit is %d: choose 1 to %d", limit, MaxHeld)
	}
	id, err := u.rowAfter(after)
	if err != nil {
		return nil, err
	}
	rows, err := u.o.Persons.Held(ctx, owner, id, limit)
	if err != nil {
		return nil, fmt.Errorf("control: held rows of %s: %w", owner, err)
	}
	if len(rows) == 0 {
		return []HeldRow{}, nil
	}
	ids, err := u.ids()
	if err != nil {
		return nil, err
	}
	held := make([]HeldRow, 0, len(rows))
	for bytes, i := 0, 0; i < len(rows) && bytes < maxHeldBytes; i++ {
		r := rows[i]
		bytes += len(r.Stanza)
		held = append(held, HeldRow{ID: ids.Text(r.ID), Time: archive.IDTime(r.ID), Peer: r.Peer.String(), Stanza: string(r.Stanza)})
	}
	return held, nil
}

// rowAfter reads the id of a row to go on behind, "" for the first.
func (u *Users) rowAfter(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	ids, err := u.ids()
	if err != nil {
		return 0, err
	}
	id, err := ids.Parse(text)
	if err != nil {
		return 0, invalid("%q is not the id of a message", text)
	}
	return id, nil
}

// ids returns what writes and reads the archives' ids.
func (u *Users) ids() (archive.IDs, error) {
	ids, err := u.o.IDs()
	if err != nil {
		return archive.IDs{}, fmt.Errorf("control: what the archive's ids look like is not known: %w", err)
	}
	return ids, nil
}
