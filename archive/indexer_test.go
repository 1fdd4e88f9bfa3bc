package archive_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// library is a store for an Indexer.
type library struct {
	mu    sync.Mutex
	rows  []storage.Row
	mark  int64
	found map[int64]string
	pages []int // rows of each page
	err   error // of Index
}

func (l *library) add(owner wire.Addr, body string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	st := `<message xmlns='jabber:client' from='a@b/c' to='d@e'><body>` + body + `</body></message>`
	l.rows = append(l.rows, storage.Row{Owner: owner, ID: int64(len(l.rows) + 1), Stanza: []byte(st)})
}

func (l *library) Unindexed(_ context.Context, limit int) ([]storage.Row, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rows := slices.Clone(l.rows[l.mark:])
	rows = rows[:min(limit, len(rows))]
	l.pages = append(l.pages, len(rows))
	return rows, nil
}

func (l *library) Index(_ context.Context, texts []storage.Text, upTo int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	if l.found == nil {
		l.found = map[int64]string{}
	}
	for _, t := range texts {
		l.found[t.ID] = t.Text
	}
	l.mark = upTo
	return nil
}

func (l *library) Reindex(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.found, l.mark = nil, 0
	return nil
}

func (l *library) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

// holds returns what the index holds, by id.
func (l *library) holds() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	for id := int64(1); id <= int64(len(l.rows)); id++ {
		if text, ok := l.found[id]; ok {
			fmt.Fprintf(&b, "%d %s ", id, text)
		}
	}
	return strings.TrimSpace(b.String())
}

// indexer indexes alice's messages, not bob's.
func indexer(l *library, any *atomic.Bool) *archive.Indexer {
	return archive.NewIndexer(archive.IndexerOptions{Store: l, Any: any.Load, Log: slog.New(slog.DiscardHandler),
		Wanted: func(owner wire.Addr) bool { return owner == addr("alice") }})
}

func TestIndexer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, any := &library{}, &atomic.Bool{}
		l.add(addr("alice"), "one")
		l.add(addr("bob"), "two")
		ctx, cancel := context.WithCancel(t.Context())
		x, ended := indexer(l, any), make(chan struct{})
		go func() { x.Run(ctx); close(ended) }()
		want := func(when, want string) {
			t.Helper()
			synctest.Wait()
			if got := l.holds(); got != want {
				t.Errorf("%s: the index holds %q, want %q", when, got, want)
			}
		}
		time.Sleep(time.Second)
		want("while nobody searches", "")
		any.Store(true)
		x.Wake()
		time.Sleep(time.Second)
		want("what came before", "1 one")
		l.add(addr("alice"), "three")
		want("not told yet", "1 one")
		x.Wake()
		time.Sleep(time.Second)
		want("told", "1 one 3 three")
		l.fail(errDown)
		l.add(addr("alice"), "four")
		x.Wake()
		time.Sleep(3 * time.Second)
		l.fail(nil)
		time.Sleep(time.Minute)
		want("after a failure", "1 one 3 three 4 four")
		if n, err := x.Reindex(ctx); n != 4 || err != nil {
			t.Errorf("reindexed %d rows, %v", n, err)
		}
		want("after a reindex", "1 one 3 three 4 four")
		if s := x.Stats(); s.Rows != 8 || s.Texts != 6 || s.Failures < 2 {
			t.Errorf("stats %+v", s)
		}
		cancel()
		<-ended
	})
}

// A page is as big as it may be when messages are small, and shrinks when they are big.
func TestIndexerPages(t *testing.T) {
	l, any := &library{}, &atomic.Bool{}
	for range 2000 {
		l.add(addr("bob"), "small")
	}
	for range 1500 {
		l.add(addr("bob"), strings.Repeat("big ", 5_000))
	}
	l.add(addr("alice"), strings.Repeat("big ", 50_000))
	n, err := indexer(l, any).CatchUp(t.Context())
	if n != 3501 || err != nil {
		t.Fatalf("looked at %d rows, %v", n, err)
	}
	if most := slices.Max(l.pages); most != 500 {
		t.Errorf("the biggest page has %d rows", most)
	}
	if last := l.pages[len(l.pages)-2]; last != 125 {
		t.Errorf("a page of big messages has %d rows: %v", last, l.pages)
	}
	if got := len(l.found[3501]); got != 32<<10 {
		t.Errorf("a text has %d bytes", got)
	}
}

// The writer tells of its commits.
func TestOnCommit(t *testing.T) {
	told := make(chan struct{}, 8)
	w := open(t, &fake{}, archive.Options{OnCommit: func() { told <- struct{}{} }})
	<-send(t, w, row("hello"))
	<-told
	w.Delivered(storage.Mark{Owner: juliet, ID: 1})
	if err := w.Barrier(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(told) > 0 {
		t.Error("told of a commit without rows")
	}
}
