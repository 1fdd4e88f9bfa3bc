package storagetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

var concurrencyTests = []test{
	{"Concurrency/two writers, one order", func(t *testing.T, s storage.Store) {
		var g errgroup.Group
		for w := range int64(2) {
			g.Go(func() error {
				for i := range int64(50) {
					if _, err := s.Append(ctx(t), storage.Batch{Rows: []storage.Row{row(1+2*i+w, alice, bob)}}); err != nil {
						return err
					}
				}
				return nil
			})
		}
		g.Go(func() error { // a reader sees whole batches only, in order
			for range 50 {
				rows, err := s.Page(ctx(t), storage.Query{Owner: alice, Limit: 200})
				if err != nil {
					return err
				}
				for i := 1; i < len(rows); i++ {
					if rows[i].ID <= rows[i-1].ID {
						return fmt.Errorf("row %d after %d", rows[i].ID, rows[i-1].ID)
					}
				}
			}
			return nil
		})
		must(t, g.Wait())
		want(t, "rows", len(ids(t, s, storage.Query{Owner: alice, Limit: 200})), 100)
	}},
	{"Concurrency/a resend is stored once", func(t *testing.T, s storage.Store) {
		var g errgroup.Group
		dropped := make([]int, 8)
		for w := range dropped {
			g.Go(func() error {
				r := row(int64(w+1), alice, bob)
				r.Origin = []byte("same")
				d, err := s.Append(ctx(t), storage.Batch{Rows: []storage.Row{r}})
				dropped[w] = len(d)
				return err
			})
		}
		must(t, g.Wait())
		sum := 0
		for _, n := range dropped {
			sum += n
		}
		want(t, "dropped", sum, 7)
		want(t, "rows", len(ids(t, s, storage.Query{Owner: alice, Limit: 9})), 1)
	}},
	{"Concurrency/updates of one item do not lose each other", func(t *testing.T, s storage.Store) {
		var g errgroup.Group
		for w := range 8 {
			g.Go(func() error {
				_, _, err := s.UpdateRosterItem(ctx(t), alice, bob, 0, func(i *storage.RosterItem) error {
					i.Listed = true
					i.Groups = append(i.Groups, fmt.Sprint(w))
					return nil
				})
				return err
			})
		}
		must(t, g.Wait())
		item, err := s.RosterItem(ctx(t), alice, bob)
		must(t, err)
		want(t, "groups", len(item.Groups), 8)
	}},
	{"Concurrency/an account is made once", func(t *testing.T, s storage.Store) {
		var g errgroup.Group
		existing := make([]int, 8)
		for w := range existing {
			g.Go(func() error {
				e, err := s.CreateAccounts(ctx(t), []storage.Account{account(alice)})
				existing[w] = len(e)
				return err
			})
		}
		must(t, g.Wait())
		sum := 0
		for _, n := range existing {
			sum += n
		}
		want(t, "told that it exists", sum, 7)
	}},
}

// hurried is a context that ends once it has been looked at.
type hurried struct {
	context.Context
	looks atomic.Int32
}

func (h *hurried) Err() error {
	if h.looks.Add(1) > 1 {
		return context.Canceled
	}
	return nil
}

// sweptRows is more than one transaction removes.
const sweptRows = 2500

// hurriedDeletion deletes an account and a room for a caller who does not wait for the end of their archives.
func hurriedDeletion(t *testing.T, s storage.Store) {
	create(t, s, alice)
	must(t, s.PutRoom(ctx(t), room(garden), nil))
	var b storage.Batch
	for i := range int64(sweptRows) {
		b.Rows = append(b.Rows, row(2*i+1, alice, bob), row(2*i+2, garden, bob))
	}
	_, err := s.Append(ctx(t), b)
	must(t, err)
	must(t, s.DeleteAccount(&hurried{Context: ctx(t)}, alice))
	_, err = s.Account(ctx(t), alice)
	wantErr(t, "Account", err, storage.ErrNotFound)
	want(t, "rows", len(ids(t, s, storage.Query{Owner: alice, Limit: 9})), 0)
	must(t, s.DeleteRoom(&hurried{Context: ctx(t)}, garden))
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(30 * time.Second); len(dumpArchive(t, s, storage.Record{int64(0)})) > 0; <-tick.C {
		if time.Now().After(end) {
			t.Fatal("the rows of deleted archives stay")
		}
	}
}

func dumpArchive(t *testing.T, s storage.Store, after storage.Record) []storage.Record {
	t.Helper()
	records, err := s.Dump(ctx(t), Table("archive"), after, 9)
	must(t, err)
	return records
}

// durability fills a store, opens it again and looks.
func durability(t *testing.T, open func(*testing.T) storage.Store) {
	s := open(t)
	create(t, s, alice)
	item, version := put(t, s, alice, bob, listed)
	must(t, s.PutDocument(ctx(t), alice, "private", "k", []byte("x"), 0))
	must(t, s.Block(ctx(t), alice, 0, []wire.Addr{example}))
	must(t, s.PutRoom(ctx(t), room(garden), []storage.Affiliation{{Addr: alice, Value: "owner"}}))
	marked(t, s)
	_, err := s.Append(ctx(t), storage.Batch{Delivered: []storage.Mark{{Owner: alice, ID: 1}}})
	must(t, err)
	must(t, s.Close())

	s = open(t)
	must(t, s.Ping(ctx(t)))
	want(t, "account", readAccount(t, s, alice), account(alice))
	items, v, err := s.Roster(ctx(t), alice)
	must(t, err)
	want(t, "roster", items, []storage.RosterItem{item})
	want(t, "version", v, version)
	data, err := s.Document(ctx(t), alice, "private", "k")
	must(t, err)
	want(t, "document", string(data), "x")
	want(t, "blocks", blocks(t, s, alice), []wire.Addr{example})
	r, err := s.Room(ctx(t), garden)
	must(t, err)
	want(t, "affiliations", len(r.Affiliations), 1)
	want(t, "rows", ids(t, s, storage.Query{Owner: alice, Limit: 9}), []int64{1, 2, 3, 4, 5})
	want(t, "marks", undelivered(t, s, alice, 0, 9), []int64{2, 4, 5})
	want(t, "last row", lastRow(t, s), 6)
	appendRows(t, s, row(7, alice, bob))
	want(t, "rows after one more", ids(t, s, storage.Query{Owner: alice, After: 4, Limit: 9}), []int64{5, 7})
	_, err = s.DeleteBefore(ctx(t), alice, 8, 9)
	must(t, err)
	must(t, s.Close())

	s = open(t)
	want(t, "last row, once it is deleted", lastRow(t, s), 7)
}

// closing closes a store twice, and under work.
func closing(t *testing.T, open func(*testing.T) storage.Store) {
	s := open(t)
	started, stored := make(chan struct{}), int64(0)
	var g errgroup.Group
	g.Go(func() error {
		for id := int64(1); ; id++ {
			if _, err := s.Append(context.Background(), storage.Batch{Rows: []storage.Row{row(id, alice, bob)}}); err != nil {
				return nil
			}
			if stored = id; id == 1 {
				close(started)
			}
		}
	})
	<-started
	must(t, s.Close())
	must(t, g.Wait())
	must(t, s.Close())
	if s.Ping(ctx(t)) == nil {
		t.Error("Ping of a closed store succeeds")
	}
	if _, err := s.LastRow(ctx(t)); err == nil {
		t.Error("a closed store can be read")
	}
	s = open(t)
	want(t, "last row", lastRow(t, s), stored)
}

// cancelled ends contexts before and during operations, and looks whether the store works as before.
func cancelled(t *testing.T, s storage.Store) {
	done, cancel := context.WithCancel(ctx(t))
	cancel()
	_, err := s.Append(done, storage.Batch{Rows: []storage.Row{row(1, alice, bob)}})
	wantErr(t, "Append", err, context.Canceled)
	_, err = s.Page(done, storage.Query{Owner: alice, Limit: 1})
	wantErr(t, "Page", err, context.Canceled)
	wantErr(t, "Ping", s.Ping(done), context.Canceled)
	want(t, "rows", lastRow(t, s), 0)

	next := int64(1)
	for range 100 {
		c, cancel := context.WithCancel(ctx(t))
		var rows []storage.Row
		for range 50 {
			rows = append(rows, row(next, alice, bob))
			next++
		}
		var g errgroup.Group
		g.Go(func() error { cancel(); return nil })
		_, err := s.Append(c, storage.Batch{Rows: rows})
		must(t, g.Wait())
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		stored := len(ids(t, s, storage.Query{Owner: alice, After: next - 51, Limit: 99}))
		if err == nil && stored != 50 || err != nil && stored != 0 {
			t.Fatalf("%d of 50 rows stored, with error %v", stored, err)
		}
	}

	// A change that cancels its own transaction: either all or nothing of it, and the store goes on.
	c, cancel := context.WithCancel(ctx(t))
	_, _, err = s.UpdateRosterItem(c, alice, bob, 0, func(i *storage.RosterItem) error {
		i.Listed = true
		cancel()
		return nil
	})
	_, now := s.RosterItem(ctx(t), alice, bob)
	if (err == nil) != (now == nil) {
		t.Errorf("UpdateRosterItem returned %v, then RosterItem %v", err, now)
	}
	appendRows(t, s, row(next, alice, bob))
	want(t, "last row", lastRow(t, s), next)
}
