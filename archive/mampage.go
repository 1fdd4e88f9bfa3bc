package archive

import (
	"context"
	"fmt"
	"slices"

	"salon.im/salon/storage"
)

// reading is a page that is being read: chunk by chunk, from the end that it is to hold.
type reading struct {
	r     *Reader
	q     storage.Query
	match func(*storage.Row) bool // nil: all
	max   int                     // rows
	bytes int

	rows     []storage.Row // in the direction of reading
	size     int
	reached  int64 // the last id looked at
	complete bool
}

// read fills the page. It reads one row more than it keeps, which shows whether it is the last page.
func (p *reading) read(ctx context.Context) error {
	for scanned := 0; ; {
		p.q.Limit = chunk
		if p.match == nil {
			p.q.Limit = min(chunk, p.max-len(p.rows)+1)
		}
		rows, err := p.r.store.Page(ctx, p.q)
		if err != nil {
			return err
		}
		if p.q.Newest {
			slices.Reverse(rows)
		}
		for i := range rows {
			if !p.take(&rows[i]) {
				return nil
			}
		}
		if len(rows) < p.q.Limit {
			p.complete = true
			return nil
		}
		if scanned += len(rows); p.match != nil && scanned >= maxScan {
			return nil
		}
		if p.q.Newest {
			p.q.Before = p.reached
		} else {
			p.q.After = p.reached
		}
	}
}

// take looks at the next row, and reports false if it belongs to another page.
func (p *reading) take(row *storage.Row) bool {
	if p.match == nil || p.match(row) {
		if len(p.rows) >= p.max || len(p.rows) > 0 && p.size+len(row.Stanza) > p.bytes {
			return false
		}
		p.rows = append(p.rows, *row)
		p.size += len(row.Stanza)
	}
	p.reached = row.ID
	return true
}

// known looks up the rows that the query names by id; one that the archive lacks is item-not-found (XEP-0313 §4.1.3, §4.3.2).
// It returns those that the page may have. Of rows over its bytes, in the direction of paging, only the ids are kept.
func (p *reading) known(ctx context.Context, q *Request) (map[int64]storage.Row, error) {
	known, left, missing := map[int64]storage.Row{}, p.bytes, map[int64]bool{}
	for ids := range slices.Chunk(q.named(), chunk) {
		rows, err := p.r.store.Rows(ctx, p.q.Owner, ids)
		if err != nil {
			return nil, fmt.Errorf("archive: looking for ids in the archive of %s: %w", p.q.Owner, err)
		}
		for _, id := range ids {
			missing[id] = true
		}
		if q.backward {
			slices.Reverse(rows)
		}
		for _, row := range rows {
			if delete(missing, row.ID); !p.selects(&row) {
				continue
			}
			if left -= len(row.Stanza); left < 0 && len(known) > 0 {
				row.Stanza = nil
			}
			known[row.ID] = row
		}
		if len(missing) > 0 {
			return nil, errUnknownID
		}
	}
	return known, nil
}

// selects does for a row that was asked for by its id what the store does for others.
func (p *reading) selects(row *storage.Row) bool {
	return row.ID > p.q.After && (p.q.Before == 0 || row.ID < p.q.Before) && (p.q.With.IsZero() || withMatches(p.q.With, row.Peer)) &&
		(p.match == nil || p.match(row))
}

// choose fills the page out of rows that were asked for by their ids, in the direction of reading.
func (p *reading) choose(known map[int64]storage.Row, ids []int64) {
	for _, id := range ids {
		row, ok := known[id]
		if !ok {
			continue
		}
		if row.Stanza == nil || !p.take(&row) {
			return
		}
	}
	p.complete = true
}

func (p *reading) answer(flip bool) Answer {
	a := Answer{Rows: p.rows, Complete: p.complete}
	if p.q.Newest {
		slices.Reverse(a.Rows)
	}
	if n := len(a.Rows); n > 0 {
		a.First, a.Last = a.Rows[0].ID, a.Rows[n-1].ID
	} else if p.max > 0 && !p.complete {
		a.First, a.Last = p.reached, p.reached
	}
	if flip {
		slices.Reverse(a.Rows)
	}
	return a
}
