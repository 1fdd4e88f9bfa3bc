package promise

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"salon.im/salon/wire"
)

// Row is an archived message: its stanza-id and its body.
type Row struct{ ID, Body string }

// Rows reads an archive: what comes behind the row with the id after ("" for all), oldest first. Fewer rows than there are is
// a page; none is the end.
type Rows func(ctx context.Context, owner wire.Addr, after string) ([]Row, error)

// book is what is known of an archive. It only grows.
type book struct {
	last string            // id of the last row
	ids  map[string]string // of each message
	ends map[string]*end   // by lane
}

// end is how far a lane has come in an archive.
type end struct {
	number int // of the last message that was never refused
	sent   int // when the youngest message was first sent
}

// Check reads what is new in an archive, and returns what is wrong there: messages that were acknowledged before the call and
// are lost, that are there twice, that nobody sent, that are out of order. It returns what went wrong elsewhere too.
func (l *Ledger) Check(ctx context.Context, owner wire.Addr, rows Rows) error {
	l.mu.Lock()
	b := l.books[owner]
	if b == nil {
		b = &book{ids: map[string]string{}, ends: map[string]*end{}}
		l.books[owner] = b
	}
	now := l.clock
	l.mu.Unlock()
	for {
		page, err := rows(ctx, owner, b.last)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		l.mu.Lock()
		for _, r := range page {
			l.enter(owner, b, r)
			b.last = r.ID
		}
		l.mu.Unlock()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost(owner, b, now)
	return l.verdict()
}

// CheckCopy is Check for a copy of an archive that was made after promised was taken: all of it is read, and nothing noted.
func (l *Ledger) CheckCopy(ctx context.Context, owner wire.Addr, rows Rows, promised int) error {
	b := &book{ids: map[string]string{}, ends: map[string]*end{}}
	for {
		page, err := rows(ctx, owner, b.last)
		if err != nil {
			return err
		}
		l.mu.Lock()
		for _, r := range page {
			l.enter(owner, b, r)
			b.last = r.ID
		}
		if len(page) == 0 {
			defer l.mu.Unlock()
			l.lost(owner, b, promised)
			return l.verdict()
		}
		l.mu.Unlock()
	}
}

// Now returns the time of the ledger, for CheckCopy.
func (l *Ledger) Now() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.clock
}

// enter holds one row against the ledger.
func (l *Ledger) enter(owner wire.Addr, b *book, r Row) {
	key, _, _ := strings.Cut(r.Body, " ")
	ln, n, m := l.find(key)
	if m == nil {
		l.complain("in the archive of %s is what nobody sent: %s", owner, r.Body)
		return
	}
	if id, ok := b.ids[key]; ok {
		l.complain("in the archive of %s is %s twice: %s and %s", owner, key, id, r.ID)
		return
	}
	b.ids[key] = r.ID
	e := b.ends[ln.name]
	if e == nil {
		e = &end{}
		b.ends[ln.name] = e
	}
	if !m.refused {
		if n <= e.number {
			l.complain("in the archive of %s is %s behind number %d", owner, key, e.number)
		}
		e.number = n
	}
	if m.acked != 0 && m.acked < e.sent {
		l.complain("in the archive of %s is %s behind one that was sent after it was acknowledged", owner, key)
	}
	e.sent = max(e.sent, m.sent)
	if owner == ln.To && m.received != "" && m.received != r.ID {
		l.complain("%s came with the stanza-id %s, and is %s in the archive of %s", key, m.received, r.ID, owner)
	}
}

// lost looks for messages that were acknowledged by then and are not in the archive.
func (l *Ledger) lost(owner wire.Addr, b *book, then int) {
	for _, ln := range l.lanes {
		if ln.To != owner && (ln.Room || ln.From != owner) {
			continue
		}
		for i, m := range ln.msgs {
			if key := fmt.Sprint(ln.name, ":", i+1); m.acked != 0 && m.acked <= then && b.ids[key] == "" {
				l.complain("lost from the archive of %s: %s, acknowledged (reflected %t)", owner, key, m.reflected)
			}
		}
	}
}

// Settled says what is still open when all should be done: messages that are not acknowledged, that did not come to their
// recipient, or came under another stanza-id than the archive's.
func (l *Ledger) Settled() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, ln := range l.lanes {
		for i, m := range ln.msgs {
			key := fmt.Sprint(ln.name, ":", i+1)
			switch {
			case m.acked == 0:
				l.complain("never acknowledged: %s", key)
			case m.received == "":
				if !ln.Room { // a room tells those who are in it
					l.complain("%s never came to %s", key, ln.To)
				}
			case l.books[ln.To] != nil && m.received != l.books[ln.To].ids[key]:
				l.complain("%s came with the stanza-id %s, and is %s in the archive of %s", key, m.received, l.books[ln.To].ids[key], ln.To)
			}
		}
	}
	return l.verdict()
}

// verdict is what is wrong so far.
func (l *Ledger) verdict() error {
	if len(l.wrong) == 0 {
		return nil
	}
	return errors.New(strings.Join(l.wrong, "\n"))
}

// Err returns what is wrong so far.
func (l *Ledger) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.verdict()
}

// Owners returns whose archives there must be.
func (l *Ledger) Owners() (owners []wire.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, ln := range l.lanes {
		for _, a := range []wire.Addr{ln.From, ln.To} {
			if (a == ln.To || !ln.Room) && !slices.Contains(owners, a) {
				owners = append(owners, a)
			}
		}
	}
	return owners
}
