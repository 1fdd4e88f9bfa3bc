package sqlite

import (
	"cmp"
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
	err := s.index(ctx, texts, upTo)
	if errors.Is(err, errEmptying) { // a reindex was cut short
		if err = s.emptyTerms(ctx); err == nil {
			err = s.index(ctx, texts, upTo)
		}
	}
	return err
}

func (s *Store) index(ctx context.Context, texts []storage.Text, upTo int64) error {
	return s.write(ctx, "index texts", func(c *conn) error {
		n, err := c.exec(`UPDATE search_mark SET id = ?1 WHERE id <= ?1 AND id >= 0`, upTo)
		if err != nil {
			return err
		}
		if n == 0 {
			return cmp.Or(whetherEmptying(c), storage.ErrConflict)
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

// Reindex implements [storage.Searches]. It takes many short transactions, so that messages are stored meanwhile.
func (s *Store) Reindex(ctx context.Context) error {
	if err := s.write(ctx, "empty the index", s.forgetTerms); err != nil {
		return err
	}
	return s.emptyTerms(ctx)
}

const (
	// emptying is the mark while the index holds nothing, and search_terms still has rows of what it held.
	emptying = -1
	// emptyChunk is how many rows of search_terms one transaction deletes: some milliseconds.
	emptyChunk = 2000
)

var errEmptying = errors.New("sqlite: the index is being emptied")

func whetherEmptying(c *conn) error {
	var mark int64
	if err := c.get(`SELECT id FROM search_mark`, nil, &mark); err != nil {
		return err
	}
	if mark == emptying {
		return errEmptying
	}
	return nil
}

// forgetTerms empties the index itself.
func (s *Store) forgetTerms(c *conn) error {
	s.eraser.wanted = true
	if _, err := c.exec(`INSERT INTO search (search) VALUES ('delete-all')`); err != nil {
		return err
	}
	_, err := c.exec(`UPDATE search_mark SET id = ?`, emptying)
	return err
}

// emptyIndex is Reindex in a transaction of somebody who has the store alone.
func (s *Store) emptyIndex(c *conn) error {
	if err := s.forgetTerms(c); err != nil {
		return err
	}
	if _, err := c.exec(`DELETE FROM search_terms`); err != nil {
		return err
	}
	_, err := c.exec(`UPDATE search_mark SET id = 0`)
	return err
}

// emptyTerms takes what the index held out of search_terms, and sets the mark to 0.
func (s *Store) emptyTerms(ctx context.Context) error {
	for left := true; left; {
		err := s.write(ctx, "empty the index", func(c *conn) error {
			n, err := c.exec(`DELETE FROM search_terms WHERE id IN (SELECT id FROM search_terms LIMIT ?)`, emptyChunk)
			if left = n == emptyChunk; err != nil || left {
				return err
			}
			_, err = c.exec(`UPDATE search_mark SET id = 0 WHERE id = ?`, emptying)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// unindex takes the rows that a subquery selects out of the index. The subquery is a constant.
func unindex(c *conn, ids string, args ...any) error {
	// The index finds the pages to clear by the terms that it is told: those that it has, since it must not be told others.
	_, err := c.exec(`INSERT INTO search (search, rowid, terms) SELECT 'delete', id, terms FROM search_terms
		WHERE id IN (`+ids+`) AND (SELECT id FROM search_mark) >= 0`, args...)
	if err != nil {
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
