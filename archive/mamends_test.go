package archive_test

import (
	"context"
	"fmt"
	"testing"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// looked counts how often ids are looked up.
type looked struct {
	*ledger
	times int
}

func (s *looked) Rows(ctx context.Context, owner wire.Addr, ids []int64) ([]storage.Row, error) {
	s.times++
	return s.ledger.Rows(ctx, owner, ids)
}

// Who pages on names an end of the last page, which is not looked up; any other id is, and of another archive too.
func TestPagingOnLooksNothingUp(t *testing.T) {
	s := &looked{ledger: newLedger(9)}
	r := archive.NewReader(s, ids)
	romeo := wire.MustAddr("romeo@montague.example")
	page := func(owner wire.Addr, content string, times int, want stanza.Condition) {
		t.Helper()
		s.times = 0
		if _, err := r.Query(t.Context(), owner, request(t, content), wide); condition(err) != want || s.times != times {
			t.Errorf("%s: looked up %d times, want %d; %v", content, s.times, times, err)
		}
	}
	page(juliet, set(`<max>3</max>`), 0, "")
	page(romeo, set(`<max>3</max><after>`+id(2)+`</after>`), 1, stanza.ItemNotFound)
	page(juliet, set(`<max>3</max><after>`+id(2)+`</after>`), 0, "")
	page(juliet, set(`<max>3</max><before>`+id(3)+`</before>`), 0, "")
	page(juliet, set(`<max>3</max><after>`+id(7)+`</after>`), 1, "")
	page(juliet, form("ids="+id(8)), 1, "")
	page(juliet, form("after-id="+id(8))+set(`<max>3</max><before>`+id(1)+`</before>`), 1, "")
}

// The archives whose ends are remembered are bounded.
func TestPageEndsBound(t *testing.T) {
	r := archive.NewReader(newLedger(1), ids)
	for i := range archive.MaxEnds + 10 {
		archive.NoteEnds(r, wire.MustAddr(fmt.Sprintf("user%d@example.test", i)))
	}
	if n := archive.CountEnds(r); n != archive.MaxEnds {
		t.Errorf("%d are remembered, of %d at most", n, archive.MaxEnds)
	}
}
