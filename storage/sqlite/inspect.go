package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"salon.im/salon/storage"
)

// sampleRows is how many rows of the archive Inspect weighs, at either end.
const sampleRows = 500

// Inspect looks at a database without changing it. A server may use it meanwhile.
func Inspect(ctx context.Context, path string) (storage.Overview, error) {
	o := storage.Overview{Name: path}
	var err error
	if o.Program, err = storage.HeadVersion(migrations); err != nil {
		return o, err
	}
	o.Bytes, err = sizes(path)
	if errors.Is(err, fs.ErrNotExist) {
		o.Missing, o.Backend = true, "SQLite"
		return o, nil
	}
	if err != nil {
		return o, fmt.Errorf("sqlite: inspect: %w", err)
	}
	db, err := openDB(path, Full, true)
	if err != nil {
		return o, err
	}
	defer db.Close()
	s := &Store{path: path, db: db}
	if o.Schema, err = s.version(ctx); err != nil {
		return o, s.explain("inspect", err)
	}
	if err := db.QueryRowContext(ctx, `SELECT 'SQLite ' || sqlite_version()`).Scan(&o.Backend); err != nil {
		return o, s.explain("inspect", err)
	}
	if o.Missing = o.Schema == 0; o.Missing {
		return o, nil
	}
	return o, s.explain("inspect", inspectTables(ctx, db, &o))
}

// sizes adds up the file and its log.
func sizes(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	total := info.Size()
	if log, err := os.Stat(path + "-wal"); err == nil {
		total += log.Size()
	}
	return total, nil
}

func inspectTables(ctx context.Context, db *sql.DB, o *storage.Overview) error {
	for _, t := range storage.Tables {
		size := storage.TableSize{Table: t.Name}
		var there bool
		err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?`, t.Name).Scan(&there)
		if err != nil {
			return err
		}
		if !there { // an older schema
			continue
		}
		err = db.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM "`+t.Name+`" LIMIT ?)`, storage.CountRows).Scan(&size.Rows)
		if err != nil {
			return err
		}
		size.Estimate = size.Rows == storage.CountRows
		o.Tables = append(o.Tables, size)
	}
	if err := db.QueryRowContext(ctx, `SELECT coalesce(min(id), 0) FROM archive`).Scan(&o.Oldest); err != nil {
		return err
	}
	if err := db.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM archive`).Scan(&o.Newest); err != nil {
		return err
	}
	return estimateArchive(ctx, db, o)
}

// estimateArchive divides the file by the weight of the archive's first and last rows with their index entries, since
// nearly all of a large file is the archive. Counting would read all of it.
func estimateArchive(ctx context.Context, db *sql.DB, o *storage.Overview) error {
	const overhead = 60 // numbers, headers, and the entries of the indexes
	var weight float64
	err := db.QueryRowContext(ctx, `SELECT coalesce(avg(length(stanza) + length(CAST(peer AS BLOB)) + coalesce(2 * length(origin), 0)), 0) FROM (
		SELECT * FROM (SELECT stanza, peer, origin FROM archive ORDER BY id LIMIT ?1)
		UNION ALL SELECT * FROM (SELECT stanza, peer, origin FROM archive ORDER BY id DESC LIMIT ?1))`, sampleRows).Scan(&weight)
	if err != nil {
		return err
	}
	for i := range o.Tables {
		if t := &o.Tables[i]; t.Table == "archive" && t.Estimate {
			t.Rows = max(t.Rows, int64(float64(o.Bytes)/(weight+overhead)))
		}
	}
	return nil
}
