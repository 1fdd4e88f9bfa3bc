package postgres

import (
	"context"
	"errors"
	"io/fs"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/storage"
)

// countRows bounds what Inspect counts of a table; beyond, it estimates as PostgreSQL's planner does.
const countRows = 10_000

// Inspect looks at a database without changing it. A server may use it meanwhile.
func Inspect(ctx context.Context, url string) (storage.Overview, error) {
	o := storage.Overview{Backend: "PostgreSQL"}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return o, err
	}
	o.Program = int64(len(names))
	config, err := parseURL(url)
	if err != nil {
		return o, err
	}
	s := &Store{where: describe(config.ConnConfig)}
	o.Name = s.where
	pc, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return o, s.explain("inspect", err)
	}
	defer pc.Close(context.WithoutCancel(ctx))
	return o, s.explain("inspect", inspect(&conn{ctx, pc}, &o))
}

func inspect(c *conn, o *storage.Overview) (err error) {
	if err := c.get(`SELECT 'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1), pg_database_size(current_database())`,
		nil, &o.Backend, &o.Bytes); err != nil {
		return err
	}
	if o.Schema, err = version(c); err != nil {
		return err
	}
	if o.Missing = o.Schema == 0; o.Missing {
		return nil
	}
	for _, t := range storage.Tables {
		size := storage.TableSize{Table: t.Name}
		if err := rowsOf(c, &size); errors.Is(err, pgx.ErrNoRows) {
			continue // an older schema
		} else if err != nil {
			return err
		}
		o.Tables = append(o.Tables, size)
	}
	if err := c.get(`SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM archive`, nil, &o.Oldest, &o.Newest); err != nil {
		return err
	}
	if o.Holder, err = lockHolder(c); errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}

// rowsOf counts a small table and estimates a large one: pages as they are, rows on a page as they were when the table was
// analysed last, or a guess. It returns pgx.ErrNoRows for a table that is not there.
func rowsOf(c *conn, size *storage.TableSize) error {
	name := pgx.Identifier{size.Table}.Sanitize()
	var estimate int64
	err := c.get(`SELECT coalesce((SELECT sum(pg_relation_size(p.oid) / current_setting('block_size')::int *
			CASE WHEN p.relpages > 0 AND p.reltuples >= 0 THEN p.reltuples / p.relpages ELSE 20 END)
		FROM pg_class p WHERE p.oid = t.oid OR p.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = t.oid)), 0)::bigint
		FROM pg_class t WHERE t.oid = to_regclass($1)`, []any{name}, &estimate)
	if err != nil {
		return err
	}
	if err := c.get(`SELECT count(*) FROM (SELECT FROM `+name+` LIMIT $1) x`, []any{countRows}, &size.Rows); err != nil {
		return err
	}
	if size.Estimate = size.Rows == countRows; size.Estimate {
		size.Rows = max(size.Rows, estimate)
	}
	return nil
}

// lockHolder says who holds the database, or returns pgx.ErrNoRows.
func lockHolder(c *conn) (who string, err error) {
	err = c.get(`SELECT format('process %s of PostgreSQL, for %s, connected since %s', a.pid,
			coalesce(host(a.client_addr), 'this machine'), date_trunc('second', a.backend_start))
		FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
		WHERE l.locktype = 'advisory' AND l.classid = $1::bigint::oid AND l.objid = current_schema()::regnamespace::oid
			AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND l.granted LIMIT 1`,
		[]any{int64(lockClass)}, &who)
	return who, err
}
