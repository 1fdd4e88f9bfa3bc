package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/storage"
)

// Inspect looks at a database without changing it. A server may use it meanwhile. Errors are those of [Open].
func Inspect(ctx context.Context, url string) (storage.Overview, error) {
	config, err := parseURL(url)
	if err != nil {
		return storage.Overview{}, err
	}
	s := &Store{where: describe(config.ConnConfig)}
	o := storage.Overview{Backend: "PostgreSQL", Name: s.where}
	pc, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return o, s.explain("inspect", err)
	}
	defer pc.Close(context.WithoutCancel(ctx))
	c := &conn{ctx, pc}
	_, err = transact(c, func(c *conn) error {
		if _, err := c.exec(`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY`); err != nil {
			return err
		}
		return inspect(c, &o)
	})
	return o, s.explain("inspect", err)
}

func inspect(c *conn, o *storage.Overview) (err error) {
	if err := c.get(`SELECT 'PostgreSQL ' || current_setting('server_version'), pg_database_size(current_database())`, nil,
		&o.Backend, &o.Bytes); err != nil {
		return err
	}
	if o.Schema, o.Program, err = versions(c); err != nil {
		return err
	}
	if o.Missing = o.Schema == 0; o.Missing {
		return nil
	}
	if o.Holder, err = holder(c); err != nil {
		return err
	}
	for _, t := range storage.Tables {
		size := storage.TableSize{Table: t.Name}
		var there bool
		if err := c.get(`SELECT to_regclass($1) IS NOT NULL`, []any{name(t.Name)}, &there); err != nil {
			return err
		}
		if !there { // an older schema
			continue
		}
		if err := countTable(c, &size); err != nil {
			return err
		}
		o.Tables = append(o.Tables, size)
	}
	if o.Schema < archiveStep {
		return nil
	}
	return c.get(`SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM archive`, nil, &o.Oldest, &o.Newest)
}

// archiveStep is the number of the step that made the archive.
const archiveStep = 5

// countTable asks what PostgreSQL's statistics estimate of a large table.
func countTable(c *conn, size *storage.TableSize) error {
	err := c.get(fmt.Sprintf(`SELECT count(*) FROM (SELECT FROM %s LIMIT %d) t`, name(size.Table), storage.CountRows), nil, &size.Rows)
	if err != nil || size.Rows < storage.CountRows {
		return err
	}
	size.Estimate = true
	var estimate int64
	err = c.get(`SELECT coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint FROM pg_partition_tree($1) p
		JOIN pg_class c ON c.oid = p.relid WHERE p.isleaf`, []any{name(size.Table)}, &estimate)
	size.Rows = max(size.Rows, estimate)
	return err
}

// holder describes who has the lock, "" for nobody.
func holder(c *conn) (who string, err error) {
	err = c.get(`SELECT format('process %s of PostgreSQL, for %s, since %s', a.pid, coalesce(host(a.client_addr), 'this machine'),
			to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'))
		FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
		WHERE l.locktype = 'advisory' AND l.classid = $1 AND l.objid = current_schema()::regnamespace::oid AND l.granted
			AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1`, []any{uint32(lockClass)}, &who)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return who, err
}
