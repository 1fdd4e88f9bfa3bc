package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Unindexed implements [storage.Searches].
func (s *Store) Unindexed(ctx context.Context, limit int) (rows []storage.Row, err error) {
	err = s.read(ctx, "read rows to index", func(c *conn) error {
		rows = nil
		var peers, owners storage.AddrReader
		return c.list(`SELECT `+rowColumns+`, o.addr FROM archive a JOIN owners o ON o.id = a.owner
			WHERE a.id > (SELECT id FROM archive_words_mark) AND o.addr IS NOT NULL
			`+archived+`ORDER BY a.id LIMIT $1`, []any{max(limit, 0)}, func(r pgx.Rows) error {
			var owner string
			row, err := scanRow(r, &peers, &owner)
			if err != nil {
				return err
			}
			row.Owner, err = owners.Parse(owner)
			rows = append(rows, row)
			return err
		})
	})
	return rows, err
}

// Index implements [storage.Searches].
func (s *Store) Index(ctx context.Context, texts []storage.Text, upTo int64) error {
	var ids []int64
	var owners, words []string
	seen := make(map[textKey]bool) // of two texts for a row the first holds
	for _, t := range texts {
		if seen[textKey{t.Owner, t.ID}] {
			continue
		}
		seen[textKey{t.Owner, t.ID}] = true
		if list := storage.Words(t.Text, storage.MaxTextWords); len(list) > 0 {
			ids, owners, words = append(ids, t.ID), append(owners, t.Owner.String()), append(words, strings.Join(list, " "))
		}
	}
	return s.write(ctx, "index", func(c *conn) error {
		b := &pgx.Batch{}
		lockWords(b)
		if err := c.send(b); err != nil {
			return err
		}
		n, err := c.exec(`UPDATE archive_words_mark SET id = $1 WHERE id <= $1`, upTo)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("%w: the index is behind %d already", storage.ErrConflict, upTo)
		}
		// A row's words begin with its owner, so that a search reads nobody else's matches.
		_, err = c.exec(`INSERT INTO archive_words (id, words)
			SELECT a.id, array_to_tsvector('@' || a.owner::text || string_to_array(t.words, ' '))
			FROM unnest($1::bigint[], $2::text[], $3::text[]) t (id, owner, words)
			JOIN archive a ON a.id = t.id JOIN owners o ON o.id = a.owner AND o.addr = t.owner
			WHERE NOT a.tombstone AND NOT EXISTS (SELECT FROM archive_words w WHERE w.id = a.id)`, ids, owners, words)
		return err
	})
}

type textKey struct {
	owner wire.Addr
	id    int64
}

// Reindex implements [storage.Searches].
func (s *Store) Reindex(ctx context.Context) error {
	return s.write(ctx, "empty the index", func(c *conn) error {
		b := &pgx.Batch{}
		lockWords(b)
		// Not for long: a retraction waits for that lock, and everything that is to be stored waits behind it.
		b.Queue(fmt.Sprintf(`SET LOCAL lock_timeout = %d`, dropLockMs))
		b.Queue(`TRUNCATE archive_words`)
		b.Queue(`UPDATE archive_words_mark SET id = 0`)
		return c.send(b)
	})
}

// searchQuery is pageQuery's with words, the parameter with that number. It takes the ids out of the index of words first,
// whatever the planner thinks of it, and then the rows one by one: the other way round a rare word would read all of an
// archive. The owner is one of the words: so a search reads nobody else's matches. Whoever asks for one correspondent goes
// through all matches in order until the page is full.
func searchQuery(with, order string, number int) string {
	limit := limitPage
	if with != "" {
		limit = `OFFSET 0`
	}
	return fmt.Sprintf(`SELECT r.* FROM
		(SELECT a.id FROM archive_words a WHERE a.id > $2 AND a.id < $3
			AND a.words @@ ($%d || '''@' || (SELECT id FROM owners WHERE addr = $1) || '''')::tsquery %s%s) w,
		LATERAL (`+selectRows+`WHERE a.id = w.id AND a.owner = (SELECT id FROM owners WHERE addr = $1) `+archived+`%sOFFSET 0) r
		%sLIMIT $4`, number, order, limit, with, strings.Replace(order, "a.id", "w.id", 1))
}

// wordsQuery is the beginning of a search's condition, in PostgreSQL's own notation: the owner is to follow. Words are
// letters, digits and marks: nothing that the quotes would not hold.
func wordsQuery(words []string) string {
	var b strings.Builder
	for _, w := range words {
		b.WriteString("'" + w + "' & ")
	}
	return b.String()
}
