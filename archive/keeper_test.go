package archive_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// shelf is a store for a Keeper: rows by owner, oldest first.
type shelf struct {
	owners  []wire.Addr
	rows    map[wire.Addr][]int64
	held    map[wire.Addr]bool // owners with rows kept aside
	passing map[wire.Addr]bool // owners whose rows are all kept for their delivery alone
	chunks  []time.Time        // when rows were deleted
	slow    time.Duration      // what a deletion takes
	dropped []drop
	err     error // of DeleteBefore

	mu sync.Mutex
}

type drop struct {
	id     int64
	spared []wire.Addr
}

func (s *shelf) add(owner wire.Addr, ages ...time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rows == nil {
		s.rows, s.held = map[wire.Addr][]int64{}, map[wire.Addr]bool{}
	}
	s.owners = append(s.owners, owner)
	for _, age := range ages {
		s.rows[owner] = append(s.rows[owner], archive.TimeID(later().Add(-age)))
	}
}

func (s *shelf) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *shelf) ArchiveOwners(_ context.Context, after wire.Addr, limit int) ([]wire.Addr, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := 0
	if !after.IsZero() {
		i = slices.Index(s.owners, after) + 1
	}
	return s.owners[i:min(i+limit, len(s.owners))], nil
}

func (s *shelf) DropBefore(_ context.Context, id int64, spared []wire.Addr) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped = append(s.dropped, drop{id, spared})
	return 1, nil
}

func (s *shelf) Held(_ context.Context, owner wire.Addr, _ int64, _ int) ([]storage.Row, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[owner] {
		return []storage.Row{{ID: 1}}, nil
	}
	return nil, nil
}

func (s *shelf) ReleaseHeld(_ context.Context, owner wire.Addr) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.held, owner)
	return nil
}

func (s *shelf) Undelivered(_ context.Context, owner wire.Addr, _ int64, _ int) ([]storage.Row, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.passing[owner] && len(s.rows[owner]) > 0 {
		return []storage.Row{{ID: s.rows[owner][0]}}, nil
	}
	return nil, nil
}

func (s *shelf) Page(_ context.Context, q storage.Query) ([]storage.Row, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.passing[q.Owner] {
		return nil, nil
	}
	for _, id := range s.rows[q.Owner] {
		if id < q.Before {
			return []storage.Row{{ID: id}}, nil
		}
	}
	return nil, nil
}

func (s *shelf) DeleteBefore(_ context.Context, owner wire.Addr, id int64, limit int) (int, error) {
	time.Sleep(s.slow)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chunks = append(s.chunks, time.Now())
	n := 0
	for _, row := range s.rows[owner] {
		if row < id && n < limit {
			n++
		}
	}
	s.rows[owner] = s.rows[owner][n:]
	return n, s.err
}

const day = 24 * time.Hour

// later is the clock of a bubble, which begins in 2000, moved behind the epoch of the ids.
func later() time.Time { return time.Now().AddDate(30, 0, 0) }

// keeper keeps alice's messages for a day, bob's for a week, rooms' for ever, and holds carol's.
func keeper(s *shelf) *archive.Keeper {
	return archive.NewKeeper(archive.KeeperOptions{Store: s, Now: later, Log: slog.New(slog.DiscardHandler),
		Fate: func(_ context.Context, owner wire.Addr) (archive.Fate, error) {
			switch owner.Local() {
			case "alice":
				return archive.Fate{Keep: day}, nil
			case "bob":
				return archive.Fate{Keep: 7 * day}, nil
			case "carol":
				return archive.Fate{Keep: day, Held: true}, nil
			case "dave":
				return archive.Fate{Keep: day}, errors.New("unknown")
			}
			return archive.Fate{}, nil
		}})
}

func addr(local string) wire.Addr { return wire.MustAddr(local + "@a.example") }

func TestKeeperDeletes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		for _, name := range []string{"alice", "bob", "carol", "dave", "room"} {
			s.add(addr(name), 9*day, 2*day, day, day-time.Millisecond, 0)
			s.held[addr(name)] = true
		}
		k := keeper(s)
		r, err := k.RunOnce(t.Context())
		if want := (archive.KeeperReport{Owners: 5, Held: 1, Failed: 1, Rows: 3, Released: 3}); err != nil || r != want {
			t.Errorf("got %+v, %v", r, err)
		}
		for name, want := range map[string]int{"alice": 3, "bob": 4, "carol": 5, "dave": 5, "room": 5} {
			if got := len(s.rows[addr(name)]); got != want {
				t.Errorf("%s has %d rows, want %d", name, got, want)
			}
			if held := s.held[addr(name)]; held != (name == "carol" || name == "dave") {
				t.Errorf("%s: held %v", name, held)
			}
		}
		if len(s.dropped) > 0 {
			t.Error("a partition was dropped, though a room keeps all")
		}
		if st := k.Stats(); st.Runs != 1 || st.Rows != 3 || st.Failures != 0 || !st.Last.Equal(later()) {
			t.Errorf("stats %+v", st)
		}
	})
}

// What waits for its delivery alone is in no page, and goes by its age nevertheless.
func TestKeeperDeletesPassing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{passing: map[wire.Addr]bool{addr("alice"): true, addr("bob"): true}}
		s.add(addr("alice"), 9*day, 2*day, 0)
		s.add(addr("bob"), day)
		if r, err := keeper(s).RunOnce(t.Context()); err != nil || r.Rows != 2 || len(s.chunks) != 1 {
			t.Errorf("got %+v, %v, %d chunks", r, err, len(s.chunks))
		}
	})
}

func TestKeeperDropsPartitions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		s.add(addr("alice"))
		s.add(addr("bob"))
		s.add(addr("carol"))
		s.add(addr("dave"))
		r, err := keeper(s).RunOnce(t.Context())
		if err != nil || r.Partitions != 1 || len(s.dropped) != 1 {
			t.Fatalf("got %+v, %v, dropped %v", r, err, s.dropped)
		}
		d := s.dropped[0]
		if longest := archive.TimeID(later().Add(-7 * day)); d.id != longest || !slices.Equal(d.spared, []wire.Addr{addr("carol"), addr("dave")}) {
			t.Errorf("dropped before %d (want %d), spared %v", d.id, longest, d.spared)
		}
	})
}

// With more held owners than a back end could be told of, nothing is dropped whole.
func TestKeeperSparedBound(t *testing.T) {
	for _, n := range []int{archive.KeepSpared, archive.KeepSpared + 1} {
		s := &shelf{}
		s.add(addr("alice"))
		for i := range n {
			s.add(wire.MustAddr(fmt.Sprintf("carol@h%d.example", i)))
		}
		if _, err := keeper(s).RunOnce(t.Context()); err != nil || (len(s.dropped) == 1) != (n == archive.KeepSpared) {
			t.Errorf("%d held: dropped %d, %v", n, len(s.dropped), err)
		}
	}
}

// A long backlog leaves the store to others for most of the time.
func TestKeeperPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{slow: 100 * time.Millisecond}
		s.add(addr("alice"), slices.Repeat([]time.Duration{2 * day}, 3500)...)
		if r, err := keeper(s).RunOnce(t.Context()); err != nil || r.Rows != 3500 {
			t.Fatalf("got %+v, %v", r, err)
		}
		if len(s.chunks) != 4 {
			t.Fatalf("%d chunks", len(s.chunks))
		}
		for i := range s.chunks[1:] {
			if d := s.chunks[i+1].Sub(s.chunks[i]); d != 4*s.slow {
				t.Errorf("chunk %d came %v after the last", i+1, d)
			}
		}
	})
}

func TestKeeperRunsHourly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		s.add(addr("alice"), 2*day)
		k := keeper(s)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { k.Run(ctx); close(ended) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		if st := k.Stats(); st.Runs != 1 || st.Rows != 1 {
			t.Errorf("after a minute: %+v", st)
		}
		s.fail(errDown)
		s.add(addr("bob"), 8*day)
		time.Sleep(time.Hour)
		synctest.Wait()
		if st := k.Stats(); st.Runs != 2 || st.Failures != 1 {
			t.Errorf("after an hour with a broken store: %+v", st)
		}
		s.fail(nil)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if st := k.Stats(); st.Runs != 3 || st.Failures != 1 || st.Rows != 2 {
			t.Errorf("two minutes after it is whole again: %+v", st)
		}
		cancel()
		<-ended
	})
}

func TestKeeperEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{slow: time.Second}
		s.add(addr("alice"), slices.Repeat([]time.Duration{2 * day}, 5000)...)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(1500*time.Millisecond, cancel)
		if r, err := keeper(s).RunOnce(ctx); !errors.Is(err, context.Canceled) || r.Rows != 1000 {
			t.Errorf("got %+v, %v", r, err)
		}
	})
}
