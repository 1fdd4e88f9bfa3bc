package muc

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/config"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// fieldKeep is our own field, named as XEP-0068 §3.4 asks of those that nobody registered.
const fieldKeep = "{https://salon.im/muc}keep"

const nsDataPolicy = "urn:xmpp:data-policy:0"

// keepDefault is the choice of a room that does as the service does.
const keepDefault = "default"

// retentionFacet lets an owner say how long the room keeps its messages, within archive.never_more_than.
var retentionFacet = facet{
	form: func(f *wire.FormWriter, r *room) {
		value := keepDefault
		if r.set.Keep != 0 {
			value = r.set.Keep.String()
		}
		h := r.s.retention()
		options := []wire.Option{{Label: "as the service does: " + h.KeepRooms.String(), Value: keepDefault}}
		for _, o := range []wire.Option{{Label: "1 day", Value: "1d"}, {Label: "1 week", Value: "1w"}, {Label: "30 days", Value: "30d"},
			{Label: "90 days", Value: "90d"}, {Label: "1 year", Value: "1y"}, {Label: "forever", Value: "forever"}} {
			if k, err := config.ParseKeep(o.Value); err == nil && k <= h.NeverMoreThan {
				options = append(options, o)
			}
		}
		f.ListSingle(fieldKeep, "How long messages are kept", value, withValue(options, value)...)
	},
	read: func(f wire.Form, r *room, set *settings) error {
		v := f.Value(fieldKeep)
		switch {
		case !f.Has(fieldKeep):
		case v == keepDefault || v == "":
			set.Keep = 0
		default:
			k, err := config.ParseKeep(v)
			if err != nil || k < config.Keep(minKeep) || k > r.s.retention().NeverMoreThan && k != r.set.Keep {
				return badField(fieldKeep)
			}
			set.Keep = k
		}
		return nil
	},
}

// dataPolicy says how long messages are kept at most (XEP-0504 §3, §3.3).
func dataPolicy(k config.Keep) wire.Payload {
	return wire.NewFormWriter("result", nsDataPolicy).TextSingle("data_retention", "", k.Hours()).Payload()
}

// minKeep is the least that a room may keep, as it is the least of the settings.
const minKeep = time.Hour

// retention returns what the settings say of the host's archives, now.
func (s *Service) retention() *config.HostArchive { return s.o.Config().HostNamed(s.o.Host).Archive }

// keep is how long a room with these settings keeps its messages now. Who set them may have been allowed more.
func (s *Service) keep(set *settings) config.Keep {
	h := s.retention()
	if set.Keep == 0 {
		return h.KeepRooms
	}
	return min(set.Keep, h.NeverMoreThan)
}

func (r *room) lifetime() config.Keep { return r.s.keep(&r.set) }

// notBefore leaves out the history before t. What the keeper has not come to yet is not shown any more.
func (w wanted) notBefore(t time.Time) wanted {
	if t.After(w.since) {
		w.since = t
	}
	return w
}

// Keep returns how long a room, bare, keeps its messages. One that is not stored does as the service does, but one in
// memory knows better. It waits for the store or the room, and returns the store's error or ctx's.
func (s *Service) Keep(ctx context.Context, room wire.Addr) (config.Keep, error) {
	if s.inMemory(room) {
		return s.askKeep(ctx, room)
	}
	rec, err := s.o.Rooms.Room(ctx, room)
	var set settings
	switch {
	case errors.Is(err, storage.ErrNotFound):
	case err != nil:
		return 0, fmt.Errorf("muc: read %s: %w", room, err)
	default:
		if set, err = parseSettings(rec.Config); err != nil {
			return 0, err
		}
	}
	return s.keep(&set), nil
}

// askKeep asks the room itself.
func (s *Service) askKeep(ctx context.Context, addr wire.Addr) (config.Keep, error) {
	type answer struct {
		keep config.Keep
		err  error
	}
	c := make(chan answer, 1)
	if s.postTo(addr, &event{call: func(r *room) {
		err := r.load()
		c <- answer{r.lifetime(), err}
	}}, true) != taken {
		return 0, errClosing
	}
	select {
	case a := <-c:
		return a.keep, a.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// errHeld refuses what would delete the messages of a room under hold, and to begin a room anew over those of another.
var errHeld = refusal(stanza.Cancel, stanza.NotAllowed, "The messages of this room are under legal hold.")

// held reports whether nothing of the room may be deleted now: archive.hold.
func (r *room) held() bool { return r.s.o.Held != nil && r.s.o.Held(r.addr) }
