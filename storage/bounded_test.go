package storage_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"salon.im/salon/storage"
	"salon.im/salon/storage/storagetest"
	"salon.im/salon/wire"
)

// Every call to a store that hangs ends in time, but those of commands, DropBefore and Reindex.
func TestBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := storagetest.NewFaulty(empty{})
		defer f.Hang()()
		portable := reflect.TypeFor[storage.Portable]()
		methods := reflect.TypeFor[storage.Store]()
		for i := range methods.NumMethod() {
			m := methods.Method(i)
			if _, ok := portable.MethodByName(m.Name); ok || m.Name == "Close" || m.Name == "DropBefore" || m.Name == "Reindex" {
				continue
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			s := storage.Bounded(f, 8*time.Second, nil)
			began := time.Now()
			out := reflect.ValueOf(s).MethodByName(m.Name).Call(zeros(m.Type, ctx))
			err, _ := out[len(out)-1].Interface().(error)
			if took := time.Since(began); took != 8*time.Second || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s ends after %v: %v", m.Name, took, err)
			}
			cancel()
		}
	})
}

// A store that hangs is asked once a second, and everyone else is told at once; it is back with the first answer.
func TestBoundedAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := storagetest.NewFaulty(empty{})
		s := storage.Bounded(f, 8*time.Second, nil)
		ask := func() (time.Duration, error) {
			began := time.Now()
			_, err := s.Account(t.Context(), wire.Addr{})
			return time.Since(began), err
		}
		release := f.Hang()
		for i, want := range []time.Duration{8 * time.Second, 0, 0} {
			if took, err := ask(); took != want || !errors.Is(err, storage.ErrAway) {
				t.Errorf("call %d ends after %v: %v", i, took, err)
			}
		}
		time.Sleep(time.Second) // the bubble's clock
		if took, err := ask(); took != 8*time.Second || !errors.Is(err, storage.ErrAway) {
			t.Errorf("a second later it ends after %v: %v", took, err)
		}
		release()
		if took, err := ask(); took != 0 || !errors.Is(err, storage.ErrAway) {
			t.Errorf("just behind a failure it ends after %v: %v", took, err)
		}
		time.Sleep(time.Second)
		for range 2 {
			if _, err := ask(); !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("the store is back: %v", err)
			}
		}
	})
}

// A slow call, while others are answered, and a caller who gives up do not make the store one that is away. Ping ends that.
func TestBoundedNotAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := storagetest.NewFaulty(empty{})
		s := storage.Bounded(f, 8*time.Second, nil)
		answers := func(what string, want error) {
			t.Helper()
			if _, err := s.Account(t.Context(), wire.Addr{}); !errors.Is(err, want) {
				t.Errorf("%s: %v", what, err)
			}
		}
		release := f.Hang()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, _ = s.Account(ctx, wire.Addr{})
		release()
		answers("a caller gave up", storage.ErrNotFound)

		release = f.Hang()
		slowly := make(chan error)
		go func() { _, err := s.Account(t.Context(), wire.Addr{}); slowly <- err }()
		time.Sleep(time.Second)
		f.HangNoMore() // that one hangs on
		answers("another call", storage.ErrNotFound)
		if err := <-slowly; !errors.Is(err, storage.ErrAway) {
			t.Errorf("the slow one: %v", err)
		}
		answers("a slow call among others", storage.ErrNotFound)
		release()

		f.SetAway(storage.ErrAway)
		answers("away", storage.ErrAway)
		f.SetAway(nil)
		answers("away until asked", storage.ErrAway)
		if err := s.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		answers("after a Ping", storage.ErrNotFound)
	})
}

// empty is a store without accounts.
type empty struct{ storage.Store }

func (empty) Account(context.Context, wire.Addr) (storage.Account, error) {
	return storage.Account{}, storage.ErrNotFound
}
func (empty) Ping(context.Context) error { return nil }
