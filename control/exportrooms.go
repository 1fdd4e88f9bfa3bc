package control

import (
	"context"
	"errors"
	"slices"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// rooms are what the person said in rooms, which XEP-0227 §2 leaves out: an element of our own for each room, with results as
// in an archive.
func (e *exporter) rooms() error {
	return eachArchive(e.ctx, e.store, func(owner wire.Addr) error {
		if slices.Contains(e.hosts, owner.Domain()) {
			return nil
		}
		begin := `<room xmlns="` + nsExport + `"` + attr("jid", owner.String()) + ">"
		return e.archive(begin, storage.Query{Owner: owner, With: e.addr}, "</room>\n")
	})
}

// affiliations are what rooms have listed the person as, which XEP-0227 §2 leaves out: an element of our own for each. By whom
// is not told: that is somebody else's.
func (e *exporter) affiliations() error {
	return eachRoom(e.ctx, e.store, e.services, func(room wire.Addr) error {
		rec, err := e.store.Room(e.ctx, room)
		if errors.Is(err, storage.ErrNotFound) {
			return nil // it has ended meanwhile
		}
		if err != nil {
			return err
		}
		for _, a := range rec.Affiliations {
			if a.Addr != e.addr {
				continue
			}
			w := wire.NewWriter().Start(nsExport, "affiliation").Attr("room", room.String()).Attr("affiliation", a.Value)
			w.AttrIf("nick", a.Nick).AttrIf("reason", a.Reason)
			if !a.At.IsZero() {
				w.Attr("stamp", a.At.UTC().Format(stampFormat))
			}
			e.write(w.Payload())
		}
		return nil
	})
}

// eachRoom calls f for each stored room of the services.
func eachRoom(ctx context.Context, s storage.Rooms, services []string, f func(room wire.Addr) error) error {
	for _, service := range services {
		for after := (wire.Addr{}); ; {
			items, err := s.ListRooms(ctx, service, after, exportPage, true)
			if err != nil {
				return err
			}
			for _, it := range items {
				after = it.Addr
				if err := f(it.Addr); err != nil {
					return err
				}
			}
			if len(items) < exportPage {
				break
			}
		}
	}
	return nil
}

// eachArchive calls f for the owner of each archive.
func eachArchive(ctx context.Context, s storage.Retention, f func(owner wire.Addr) error) error {
	for after := (wire.Addr{}); ; {
		owners, err := s.ArchiveOwners(ctx, after, exportPage)
		if err != nil {
			return err
		}
		for _, o := range owners {
			if err := f(o); err != nil {
				return err
			}
		}
		if len(owners) < exportPage {
			return nil
		}
		after = owners[len(owners)-1]
	}
}
