package feature_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"

	"salon.im/salon/feature"
	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// brokenSeen panics when it stores last activity.
type brokenSeen struct {
	storage.Accounts
	calls atomic.Int64
}

func (b *brokenSeen) PutLastSeen(context.Context, ...storage.LastSeen) error {
	b.calls.Add(1)
	panic("a mistake of ours")
}

// A store that panics behind the sessions' backs ends neither the process nor the goroutine that stores.
func TestPanickingSeen(t *testing.T) {
	w := newWorld(t)
	b := &brokenSeen{Accounts: w.store}
	r := router.New(router.Options{Hosts: []string{host}, Exists: w.exists})
	rosters := feature.Roster(r, w.store, w.config)
	p := feature.Presence(r, rosters, feature.Blocking(r, w.store, w.config, nil), b, nil)
	for range 2 {
		s := &person{w: w, addr: wire.MustAddr("anna@" + host + "/a")}
		res, err := r.Bind(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		res.SetPresence(&router.Presence{})
		r.Unbind(t.Context(), res)
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.calls.Load(); n != 2 {
		t.Errorf("stored %d times", n)
	}
	if n := r.Stats.Panics.Load(); n != 2 {
		t.Errorf("%d panics are counted", n)
	}
}

// A session that ends because the server stops cannot tell its contacts any more; that is no error to wake somebody for.
func TestStoppingIsNoError(t *testing.T) {
	for _, stopping := range []bool{true, false} {
		w := newWorld(t)
		var out bytes.Buffer
		r := router.New(router.Options{Hosts: []string{host}, Exists: w.exists})
		rosters := feature.Roster(r, w.store, w.config)
		p := feature.Presence(r, rosters, feature.Blocking(r, w.store, w.config, nil), w.store, slog.New(slog.NewTextHandler(&out, nil)))
		s := &person{w: w, addr: wire.MustAddr("anna@" + host + "/a")}
		res, err := r.Bind(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		res.SetPresence(&router.Presence{})
		ctx, cancel := context.WithCancel(t.Context())
		if cancel(); !stopping {
			ctx = t.Context()
			_ = w.store.Close()
		}
		r.Unbind(ctx, res)
		if err := p.Close(t.Context()); err != nil { // what it stores behind our back may log too
			t.Fatal(err)
		}
		if failed := strings.Contains(out.String(), "presence failed"); failed == stopping {
			t.Errorf("stopping %v: logged %s", stopping, out.String())
		}
	}
}
