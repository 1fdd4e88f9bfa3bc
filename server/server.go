package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"salon.im/salon/archive"
	"salon.im/salon/c2s"
	"salon.im/salon/certs"
	"salon.im/salon/config"
	"salon.im/salon/control"
	"salon.im/salon/feature"
	"salon.im/salon/muc"
	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/stream"
)

// Options are what a Server gets from its caller beside the settings.
type Options struct {
	Log     *slog.Logger
	Version string
	// Load reads the settings again for a reload; nil refuses reloads.
	Load func() (*config.Config, error)
	// Reloaded is called with the settings that a reload put into use; nil for none.
	Reloaded func(*config.Config)
	// Synchronous is how hard the embedded store writes; the zero value is FULL. Tests that need no durability set Off.
	Synchronous sqlite.Synchronous
	// StoreWait is how long New waits for a database that cannot be reached; 0 does not wait.
	StoreWait time.Duration
	// Store is used in place of the configured one, by tests of failing storage. The server closes it.
	Store storage.Store
	// Away is how long the store may take before it counts as away; 0 is what archive.Options and Bounded have by default.
	// Tests that want nothing refused set more, for a busy machine.
	Away time.Duration
}

// Server is a running Salon. Its methods are safe for any goroutine.
type Server struct {
	o         Options
	cfg       atomic.Pointer[config.Config]
	started   time.Time
	store     storage.Store
	writer    *archive.Writer
	ids       archive.IDs
	certs     *certs.Source
	router    *router.Router
	flusher   *stream.Flusher
	c2s       *c2s.Server
	users     *control.Users
	presence  *feature.Presences
	caps      *feature.Capabilities
	prefs     *feature.Preferences
	registrar *feature.Registrar
	rooms     []*muc.Service
	keeper    *archive.Keeper
	indexer   *archive.Indexer
	metrics   *prometheus.Registry

	background context.Context // of what works beside the streams; Shutdown ends it
	endWork    context.CancelFunc

	listeners []listener
	wg        sync.WaitGroup
	stopOnce  sync.Once
	stopped   chan struct{}
	stopErr   error
	reloading sync.Mutex
}

// New opens everything and listens, but accepts nothing before Serve. An error names the thing and the remedy, and leaves
// nothing open. The caller holds the lock of the data directory.
func New(ctx context.Context, cfg *config.Config, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{o: o, started: time.Now(), stopped: make(chan struct{}), metrics: prometheus.NewRegistry()}
	s.background, s.endWork = context.WithCancel(context.WithoutCancel(ctx))
	s.cfg.Store(cfg)
	if err := s.open(ctx); err != nil {
		s.close(ctx)
		return nil, err
	}
	return s, nil
}

// Config returns the settings of the moment. They must not be modified.
func (s *Server) Config() *config.Config { return s.cfg.Load() }

// Router returns the router, for tests.
func (s *Server) Router() *router.Router { return s.router }

// open builds the house from the ground up.
func (s *Server) open(ctx context.Context) error {
	cfg := s.Config()
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return fmt.Errorf("the data directory cannot be made: %w; choose another with --data DIR", err)
	}
	key, err := secretKey(cfg.SecretKeyPath())
	if err != nil {
		return err
	}
	if err := s.openStore(ctx, cfg); err != nil {
		return err
	}
	acme, err := acmeOptions(cfg)
	if err != nil {
		return err
	}
	if s.certs, err = certs.Open(ctx, certOptions(cfg, acme, s.o.Log)); err != nil {
		return err
	}
	if err := s.build(ctx, cfg, key); err != nil {
		return err
	}
	return s.listen(cfg)
}

// storeLimit bounds one call to the store, and with it how long a database that hangs holds up a stream or a room.
const storeLimit = 8 * time.Second

func (s *Server) openStore(ctx context.Context, cfg *config.Config) (err error) {
	st := s.o.Store
	if st == nil {
		if st, err = s.awaitStore(ctx, cfg); err != nil {
			return err
		}
	}
	s.store = storage.Bounded(st, max(storeLimit, s.o.Away), s.o.Log)
	s.indexer = archive.NewIndexer(archive.IndexerOptions{Store: s.store, Wanted: s.searched, Any: s.anySearched, Log: s.o.Log})
	ack := archive.Durable
	if cfg.Archive.Ack == config.AckAsync {
		ack = archive.Async
	}
	s.writer, err = archive.Open(ctx, s.store, archive.Options{Rows: cfg.Archive.BatchRows, Wait: cfg.Archive.BatchWait,
		QueueRows: cfg.Archive.QueueRows, QueueBytes: int64(cfg.Archive.QueueBytes), Ack: ack, Away: s.o.Away,
		OnCommit: s.indexer.Wake, Log: s.o.Log})
	return err
}

// Serve accepts connections until ctx ends or a listener fails, and then shuts down.
func (s *Server) Serve(ctx context.Context) error {
	failed := make(chan error, len(s.listeners))
	s.wg.Go(func() { s.trim(s.background) })
	s.wg.Go(func() { s.keeper.Run(s.background) })
	s.wg.Go(func() { s.indexer.Run(s.background) })
	s.wg.Go(func() { s.certs.Run(s.background) })
	headroom()
	for _, l := range s.listeners {
		s.wg.Go(func() {
			if err := l.serve(); err != nil {
				failed <- fmt.Errorf("listening on %s: %w", l.Addr(), err)
			}
		})
	}
	var err error
	select {
	case <-ctx.Done():
	case <-s.stopped:
	case err = <-failed:
	}
	stop, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	return errors.Join(err, s.Shutdown(stop))
}

// shutdownTime bounds a graceful end.
const shutdownTime = 20 * time.Second

// Shutdown closes the streams with system-shutdown, waits for what was received to be committed, saves the rooms, and
// closes the store. It is idempotent, and returns a few seconds after ctx's end at the latest.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopOnce.Do(func() {
		s.stopErr = s.close(ctx)
		close(s.stopped)
	})
	<-s.stopped
	return s.stopErr
}

// storeTime is what the archive and the store get to end, beyond the time for a graceful end: more than the archive waits
// for a commit.
const storeTime = 6 * time.Second

// close ends what open began. It does not wait for ever: a disk that does not answer cannot be interrupted.
func (s *Server) close(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- s.end(ctx) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	t := time.NewTimer(storeTime)
	defer t.Stop()
	select {
	case err := <-ended:
		return err
	case <-t.C:
		return fmt.Errorf("the server stops although its store still works (what was acknowledged is stored): %w", ctx.Err())
	}
}

// end ends the parts in reverse; those that were never opened are nil.
func (s *Server) end(ctx context.Context) error {
	var errs []error
	s.endWork()
	for _, l := range s.listeners {
		l.Close()
	}
	if s.c2s != nil {
		errs = append(errs, s.c2s.Shutdown(ctx))
	}
	for _, m := range s.rooms {
		errs = append(errs, m.Close(ctx))
	}
	if s.router != nil {
		errs = append(errs, s.router.Quiesce(ctx))
	}
	if s.presence != nil {
		errs = append(errs, s.presence.Close(ctx))
	}
	if s.flusher != nil {
		s.flusher.Close()
	}
	s.wg.Wait()
	if s.writer != nil {
		errs = append(errs, s.writer.Close())
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	return errors.Join(errs...)
}

// Info is what the start message tells.
type Info struct {
	Addrs       map[string][]net.Addr // by listener: "c2s", "c2s direct", "http"
	Hosts       []config.Host
	Lobby       string // the public room's address, "" for none
	Fingerprint map[string]string
	SelfSigned  map[string]bool
	Automatic   map[string]bool // an authority issues for the host, or will soon
}

// Info returns what to tell people about the server.
func (s *Server) Info() Info {
	cfg := s.Config()
	i := Info{Addrs: map[string][]net.Addr{}, Hosts: cfg.Hosts, Fingerprint: map[string]string{}, SelfSigned: map[string]bool{},
		Automatic: map[string]bool{}}
	for _, l := range s.listeners {
		i.Addrs[l.name] = append(i.Addrs[l.name], l.Addr())
	}
	for _, h := range cfg.Hosts {
		i.Fingerprint[h.Name] = s.certs.Fingerprint(h.Name)
		i.SelfSigned[h.Name] = s.certs.SelfSigned(h.Name)
		ca, _ := cfg.Authority(h)
		i.Automatic[h.Name] = ca != "" && s.certs.Origin(h.Name) != certs.OriginFile
	}
	if cfg.Rooms.PublicLobby != "" {
		i.Lobby = cfg.Rooms.PublicLobby + "@" + cfg.Hosts[0].Rooms
	}
	return i
}
