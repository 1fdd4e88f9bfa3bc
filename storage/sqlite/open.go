package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"salon.im/salon/storage"
)

const (
	// busyTimeout is how many ms to wait for another process, such as a storage command beside the server.
	busyTimeout    = 10_000
	setBusyTimeout = "PRAGMA busy_timeout = 10000"

	pageBytes     = 4 << 10  // of a new file
	logPages      = 8_000    // pages in the log before it is taken into the file
	logLimitBytes = 64 << 20 // what the log file is cut to afterwards
	writerKiB     = 32 << 10 // pages in memory: a batch that spills is written and summed twice
	readerKiB     = 8 << 10
)

// Open opens the database, makes it if there is none, and brings its schema up to date.
//
// It returns an error that wraps [storage.ErrTooNew], and changes nothing, if a newer Salon wrote the database.
// Every error names the file and what to do.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Synchronous == "" {
		o.Synchronous = Full
	}
	if o.Synchronous != Full && o.Synchronous != Off {
		return nil, fmt.Errorf("sqlite: open %s: synchronous %q: only FULL and OFF are known", o.Path, o.Synchronous)
	}
	path, err := prepareFile(o.Path)
	if err != nil {
		return nil, err
	}
	s := &Store{
		path: path, fresh: newFresh(), foldAt: foldRows, passing: true, owners: owners{OwnerCache: storage.NewOwnerCache()}, closing: make(chan struct{}),
		writer: make(chan *conn, 1), readers: make(chan *conn, readers),
	}
	s.sweeper = storage.NewSweeper(s.sweep)
	if s.db, err = openDB(path, o.Synchronous, false); err != nil {
		return nil, s.explain("open", err)
	}
	if s.readDB, err = openDB(path, o.Synchronous, true); err != nil {
		return nil, errors.Join(s.explain("open", err), s.db.Close())
	}
	c, err := s.start(ctx, o.Synchronous)
	if err != nil {
		return nil, errors.Join(s.explain("open", err), s.db.Close(), s.readDB.Close())
	}
	s.writer <- c
	for range readers {
		s.readers <- nil
	}
	sweep, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.sweeping.Add(1)
	go func() {
		defer s.sweeping.Done()
		s.sweeper.Loop(sweep)
	}()
	return s, nil
}

// start migrates and opens the writer. Its pragmas hold for the connection that migrated as well as for another one.
func (s *Store) start(ctx context.Context, sync Synchronous) (*conn, error) {
	if err := s.migrate(ctx, sync); err != nil {
		return nil, err
	}
	c, err := connect(ctx, s.db)
	if err != nil {
		return nil, err
	}
	if _, err := c.exec("PRAGMA synchronous = " + string(sync)); err != nil {
		return nil, errors.Join(err, c.close())
	}
	var mode string
	if err := c.get("PRAGMA journal_mode = WAL", nil, &mode); err != nil || mode != "wal" {
		return nil, errors.Join(err, fmt.Errorf("no write-ahead log (%q): put the file on a local disk", mode), c.close())
	}
	cutLog(c) // after a crash it may hold what was erased; another process that uses it cuts it itself
	if err := s.fresh.start(c); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// prepareFile makes the directory and the file, so that their modes are ours, and finds out whether it can be written.
func prepareFile(path string) (string, error) {
	if path == "" {
		return "", errors.New("sqlite: open: no path: name a file")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("sqlite: open: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("sqlite: open %s: cannot make its directory: %w; name a path that this user may write", path, err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, fs.ErrPermission) {
		return "", fmt.Errorf("sqlite: open %s: %w; give the file and its directory to this user (chown)", path, err)
	}
	if err != nil {
		return "", fmt.Errorf("sqlite: open %s: %w; name a file on a disk that can be written", path, err)
	}
	return path, f.Close()
}

func openDB(path string, sync Synchronous, readOnly bool) (*sql.DB, error) {
	q := url.Values{}
	q.Set("_busy_timeout", strconv.Itoa(busyTimeout))
	q.Set("_foreign_keys", "on")
	q.Set("_defensive", "1")
	q.Set("_dqs", "0")
	q.Add("_pragma", fmt.Sprintf("page_size(%d)", pageBytes)) // of a new file; an old one keeps its own
	q.Add("_pragma", "secure_delete(on)")
	q.Add("_pragma", fmt.Sprintf("synchronous(%s)", sync))
	q.Add("_pragma", fmt.Sprintf("wal_autocheckpoint(%d)", logPages))
	q.Add("_pragma", fmt.Sprintf("journal_size_limit(%d)", logLimitBytes))
	if readOnly {
		q.Set("_query_only", "1")
		q.Add("_pragma", fmt.Sprintf("cache_size(-%d)", readerKiB))
	} else {
		q.Set("_txlock", "immediate")
		q.Add("_pragma", fmt.Sprintf("cache_size(-%d)", writerKiB))
	}
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}
	connector, err := driver.NewConnector(dsn.String())
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(readers)
	if !readOnly {
		db.SetMaxOpenConns(1)
	}
	return db, nil
}

// explain adds the path and the remedy to an error of the database, and leaves other errors as they are.
func (s *Store) explain(verb string, err error) error {
	if err == nil {
		return nil
	}
	var e *driver.Error
	if !errors.As(err, &e) {
		return err
	}
	remedy := ""
	switch e.Code() & 0xff {
	case lib.SQLITE_NOTADB:
		remedy = "; the file is no SQLite database: name another one, or move it away"
	case lib.SQLITE_CORRUPT:
		remedy = "; the file is damaged: stop the server and restore a backup"
	case lib.SQLITE_FULL:
		remedy = "; the disk is full: make room"
	case lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_PERM:
		remedy = "; give the file, its -wal and -shm files and its directory to this user (chown)"
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		remedy = "; another program holds the database: end it"
	case lib.SQLITE_IOERR:
		remedy = "; the disk failed: look at the system's log"
	}
	return fmt.Errorf("sqlite: %s %s: %w%s", verb, s.path, err, remedy)
}
