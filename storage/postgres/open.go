package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"salon.im/salon/storage"
)

// Open connects, brings the schema up to date, and takes the database's lock. The database must exist: createdb makes it.
//
// It returns an error that wraps [storage.ErrTooNew], and changes nothing, if a newer Salon wrote the database.
// Every error names the database and what to do.
func Open(ctx context.Context, o Options) (*Store, error) {
	config, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	s := &Store{where: describe(config.ConnConfig), log: o.Log, closing: make(chan struct{}), writer: make(chan *writer, 1)}
	s.sweeper = storage.NewSweeper(s.sweep)
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	config.MaxConns = defaultReadConns
	if o.ReadConns > 0 {
		config.MaxConns = int32(min(o.ReadConns, 1000))
	}
	w := &writer{config: writerConfig(config.ConnConfig), wait: lockWait, owners: owners{storage.NewOwnerCache()}, months: &months{}}
	w.check = s.migrate
	if err := w.connect(ctx); err != nil {
		return nil, s.explain("open", err)
	}
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, errors.Join(s.explain("open", err), w.close())
	}
	s.writer <- w
	s.start()
	return s, nil
}

// start begins what goes on in the background.
func (s *Store) start() {
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.vacuum = newVacuum()
	s.working.Add(2)
	go func() {
		defer s.working.Done()
		s.sweeper.Loop(ctx)
	}()
	go func() {
		defer s.working.Done()
		s.vacuumLoop(ctx)
	}()
}

// parseURL reads the URL without ever quoting it: it may hold a password.
func parseURL(text string) (*pgxpool.Config, error) {
	const form = "write postgres://user:password@host:5432/database"
	if text == "" {
		return nil, errors.New("postgres: open: no URL: " + form)
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, errors.New("postgres: open: the URL is not one of PostgreSQL: " + form +
			", with % and two digits for characters that an URL cannot hold")
	}
	config, err := pgxpool.ParseConfig(text)
	if err != nil {
		why := errors.New("an option is not known")
		for e := errors.Unwrap(err); e != nil; e = errors.Unwrap(e) {
			why = e
		}
		return nil, fmt.Errorf("postgres: open %s: %w: %s", u.Host, why, form)
	}
	c := config.ConnConfig
	if c.ConnectTimeout == 0 || c.ConnectTimeout > connectTimeout {
		c.ConnectTimeout = connectTimeout
	}
	setDefault(c.RuntimeParams, "application_name", "salon")
	// Planning anew for each value of a parameter would look at every month of the archive each time.
	setDefault(c.RuntimeParams, "plan_cache_mode", "force_generic_plan")
	c.RuntimeParams["synchronous_commit"] = "on" // what is stored when a method returns survives a crash, whatever the server's default
	return config, nil
}

// writerConfig is the configuration of the connection that holds the lock: if its machine vanishes, the server notices soon.
func writerConfig(c *pgx.ConnConfig) *pgx.ConnConfig {
	c = c.Copy()
	c.RuntimeParams["application_name"] = "salon writer"
	delete(c.RuntimeParams, "plan_cache_mode") // its statements name rows by lists, which tell the planner their months
	setDefault(c.RuntimeParams, "tcp_keepalives_idle", "5")
	setDefault(c.RuntimeParams, "tcp_keepalives_interval", "2")
	setDefault(c.RuntimeParams, "tcp_keepalives_count", "3")
	return c
}

func setDefault(params map[string]string, name, value string) {
	if params[name] == "" {
		params[name] = value
	}
}

// describe names a database without its password.
func describe(c *pgx.ConnConfig) string {
	host := c.Host
	if !strings.HasPrefix(host, "/") {
		host = net.JoinHostPort(host, strconv.Itoa(int(c.Port)))
	}
	return fmt.Sprintf("database %q of %q at %s", c.Database, c.User, host)
}

// explain adds the database and the remedy to an error of the database, and leaves other errors as they are.
func (s *Store) explain(verb string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.Is(err, errClosed):
		return fmt.Errorf("postgres: %s: %w", verb, err)
	case errors.Is(err, errHeld):
		return fmt.Errorf("postgres: %s: %s: %w; end that one, or name another database", verb, s.where, err)
	case errors.Is(err, storage.ErrTooNew):
		return fmt.Errorf("postgres: %s: %s: %w", verb, s.where, err)
	}
	e, answered := errors.AsType[*pgconn.PgError](err)
	if !answered {
		if isNetwork(err) {
			return fmt.Errorf("postgres: %s: %s: %w: %w; see whether PostgreSQL runs there and can be reached", verb, s.where, storage.ErrAway, err)
		}
		return err
	}
	if absent(e) {
		err = fmt.Errorf("%w: %w", storage.ErrAway, err)
	}
	return fmt.Errorf("postgres: %s: %s: %w%s", verb, s.where, err, remedy(e))
}

// absent reports whether PostgreSQL answered that it is starting or stopping: admin_shutdown, crash_shutdown,
// cannot_connect_now.
func absent(e *pgconn.PgError) bool {
	return e.Code == "57P01" || e.Code == "57P02" || e.Code == "57P03"
}

func isNetwork(err error) bool {
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[net.Error](err)
	return connecting || network || pgconn.Timeout(err) || errors.Is(err, errBusy)
}

// remedy is what to do about what PostgreSQL answered.
func remedy(e *pgconn.PgError) string {
	switch e.Code {
	case "28P01":
		return "; check the user and the password of the URL (ALTER USER … PASSWORD sets one)"
	case "28000":
		return "; PostgreSQL's pg_hba.conf does not let this user in from here, or the user is not there (createuser makes one)"
	case "3D000":
		return "; make it: createdb -E UTF8 -T template0 <name>"
	case "42501":
		return "; make this user the database's owner: ALTER DATABASE … OWNER TO …"
	case "53300":
		return "; raise max_connections of PostgreSQL, or lower the store's"
	case "55P03":
		return "; another program reads the table at length, pg_dump for example: try again when it has ended"
	case "53100":
		return "; the disk of PostgreSQL is full: make room"
	case "25006":
		return "; it takes no writes: name the primary server, not a standby"
	case "57P01", "57P02", "57P03":
		return "; PostgreSQL is starting or stopping: see its log"
	case "58030", "58P01", "XX001", "XX002":
		return "; the disk of PostgreSQL failed or the database is damaged: see its log"
	case "54000":
		return "; an address or a name is too long for an index"
	}
	return ""
}
