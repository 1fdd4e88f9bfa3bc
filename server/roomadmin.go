package server

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/config"
	"salon.im/salon/control"
	"salon.im/salon/muc"
	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// services returns what an administrator can do with the rooms of a running server.
func (s *Server) services() *control.Services {
	return control.NewServices(control.ServicesOptions{Open: func() ([]*muc.Service, error) { return s.rooms, nil }})
}

// Offline are the rooms of a store on which no server runs: the conference services without anybody who could be in a
// room, so that the very rules of the server hold. They begin with the first call of Open.
type Offline struct {
	open   func() ([]*muc.Service, error)
	rooms  []*muc.Service
	router *router.Router
	log    *slog.Logger
}

// OfflineRooms returns the rooms of a store. log is told why something could not be stored. The caller holds the lock of the
// data directory, and closes the store after them. One goroutine opens and closes them.
func OfflineRooms(cfg *config.Config, store storage.Store, log *slog.Logger) *Offline {
	o := &Offline{log: log}
	o.open = sync.OnceValues(func() ([]*muc.Service, error) { return o.start(cfg, store) })
	return o
}

// Admin returns what an administrator can do with them.
func (o *Offline) Admin() *control.Services {
	return control.NewServices(control.ServicesOptions{Open: o.open, Offline: true})
}

func (o *Offline) start(cfg *config.Config, store storage.Store) ([]*muc.Service, error) {
	secret, err := secretKey(cfg.SecretKeyPath())
	if err != nil {
		return nil, err
	}
	ids, err := archiveIDs(secret)
	if err != nil {
		return nil, err
	}
	o.router = router.New(router.Options{Hosts: cfg.HostNames(), Exists: func(context.Context, wire.Addr) (bool, error) { return false, nil }})
	shared := muc.Options{Router: o.router, Rooms: store, Documents: store, Archive: store, IDs: ids, Writer: noWriter{},
		Config: func() *config.Config { return cfg }, Held: func(owner wire.Addr) bool { return cfg.Held(owner.String()) }, Log: o.log}
	for _, h := range cfg.Hosts {
		m, err := newRooms(h, secret, shared)
		if err != nil {
			return nil, err
		}
		o.rooms = append(o.rooms, m)
	}
	return o.rooms, nil
}

// Forget has the rooms forget an account that was deleted, bare: see muc.Service.ForgetStored.
func (o *Offline) Forget(ctx context.Context, addr wire.Addr) error {
	rooms, err := o.open()
	if err != nil {
		return err
	}
	for _, m := range rooms {
		if err := m.ForgetStored(ctx, addr); err != nil {
			return err
		}
	}
	return nil
}

// offlineEnd bounds Close: nothing is under way.
const offlineEnd = 10 * time.Second

// Close ends the rooms' goroutines.
func (o *Offline) Close() error {
	if o.router == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), offlineEnd)
	defer cancel()
	for _, m := range o.rooms {
		if err := m.Close(ctx); err != nil {
			return err
		}
	}
	return o.router.Quiesce(ctx)
}

// noWriter takes no messages: nobody is there to write one.
type noWriter struct{}

// TryAppend implements muc.Writer.
func (noWriter) TryAppend([]storage.Row, func(archive.Result), ...storage.Rewrite) error {
	return archive.ErrFull
}
