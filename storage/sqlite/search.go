package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"

	"salon.im/salon/storage"
)

// Unindexed implements [storage.Searches].
func (s *Store) Unindexed(ctx context.Context, limit int) (rows []storage.Row, err error) {
	err = s.read(ctx, "read what is not indexed", func(c *conn) error {
		var peers, owners storage.AddrReader
		return c.list(`SELECT `+rowColumns+`, o.addr FROM archive a JOIN owners o ON o.id = a.owner
			WHERE a.id > (SELECT id FROM search_mark) AND o.addr IS NOT NULL `+archived+`ORDER BY a.id LIMIT ? + 0`,
			[]any{max(limit, 0)}, func(r *sql.Rows) error {
				var row storage.Row
				var peer, owner string
				err := r.Scan(append(rowFields(&row, &peer), &owner)...)
				if err != nil {
					return err
				}
				if row.Peer, err = peers.Parse(peer); err != nil {
					return err
				}
				row.Owner, err = owners.Parse(owner)
				rows = append(rows, row)
				return err
			})
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// Index implements [storage.Searches].
func (s *Store) Index(ctx context.Context, texts []storage.Text, upTo int64) error {
	return s.write(ctx, "index texts", func(c *conn) error {
		n, err := c.exec(`UPDATE search_mark SET id = ?1 WHERE id <= ?1`, upTo)
		if err != nil {
			return err
		}
		if n == 0 {
			return storage.ErrConflict
		}
		for i := range texts {
			if err := s.indexText(c, &texts[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) indexText(c *conn, t *storage.Text) error {
	words := storage.Words(t.Text, storage.MaxTextWords)
	if len(words) == 0 {
		return nil
	}
	owner, err := s.owners.find(c, t.Owner)
	if errors.Is(err, errNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	terms := strings.Join(searchTerms(owner, words), " ")
	n, err := c.exec(`INSERT INTO search_terms (id, terms) SELECT id, ?1 FROM archive
		WHERE id = ?2 AND owner = ?3 AND NOT tombstone ON CONFLICT DO NOTHING`, terms, t.ID, owner)
	if err != nil || n == 0 {
		return err
	}
	_, err = c.exec(`INSERT INTO search (rowid, terms) VALUES (?, ?)`, t.ID, terms)
	return err
}

// Reindex implements [storage.Searches].
func (s *Store) Reindex(ctx context.Context) error {
	return s.write(ctx, "empty the index", func(c *conn) error { return s.emptyIndex(c) })
}

func (s *Store) emptyIndex(c *conn) error {
	s.eraser.wanted = true
	for _, query := range []string{
		`INSERT INTO search (search) VALUES ('delete-all')`,
		`DELETE FROM search_terms`,
		`UPDATE search_mark SET id = 0`,
	} {
		if _, err := c.exec(query); err != nil {
			return err
		}
	}
	return nil
}

// unindex takes the rows that a subquery selects out of the index. The subquery is a constant.
func unindex(c *conn, ids string, args ...any) error {
	// The index finds the pages to clear by the terms that it is told.
	n, err := c.exec(`INSERT INTO search (search, rowid, terms)
		SELECT 'delete', id, terms FROM search_terms WHERE id IN (`+ids+`)`, args...)
	if err != nil || n == 0 {
		return err
	}
	_, err = c.exec(`DELETE FROM search_terms WHERE id IN (`+ids+`)`, args...)
	return err
}

// searchTerms are what the index holds of words: 52 bits of a digest of owner and word each, in base 36. So a search reads
// the matches of its owner alone, the index holds no word of a message, and a term is never syntax.
func searchTerms(owner int64, words []string) []string {
	terms := make([]string, len(words))
	var buf []byte
	for i, w := range words {
		buf = append(binary.BigEndian.AppendUint64(buf[:0], uint64(owner)), w...)
		sum := sha256.Sum256(buf)
		terms[i] = strconv.FormatUint(binary.BigEndian.Uint64(sum[:])>>12, 36)
	}
	return terms
}
