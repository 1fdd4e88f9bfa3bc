package server

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestPingIsShared: however many probes ask, the store is asked once at a time and once a second, and a store that hangs
// holds one goroutine.
func TestPingIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, answer := 0, make(chan error)
		p := pinger{ping: func(context.Context) error { asked++; return <-answer }}
		got := make(chan error)
		probe := func(ctx context.Context) { go func() { got <- p.ask(ctx) }() }

		for range 20 {
			probe(t.Context())
		}
		synctest.Wait()
		gone, leave := context.WithCancel(t.Context())
		probe(gone)
		leave()
		if err := <-got; !errors.Is(err, context.Canceled) {
			t.Errorf("who leaves gets %v", err)
		}
		time.Sleep(time.Hour) // the bubble's clock: it hangs, and nobody asks a second time
		probe(t.Context())
		synctest.Wait()
		answer <- errAway
		for range 21 {
			if err := <-got; !errors.Is(err, errAway) {
				t.Errorf("who waits gets %v", err)
			}
		}
		if asked != 1 {
			t.Errorf("asked %d times", asked)
		}

		if err := p.ask(t.Context()); !errors.Is(err, errAway) { // young enough
			t.Errorf("the answer of just now is %v", err)
		}
		time.Sleep(pingFresh)
		probe(t.Context())
		answer <- nil
		if err := <-got; err != nil || asked != 2 {
			t.Errorf("a second later: %v, asked %d times", err, asked)
		}
	})
}

// TestStorageCheck asks nothing of a store that is known to be away.
func TestStorageCheck(t *testing.T) {
	p := pinger{ping: func(context.Context) error { t.Error("asked"); return nil }}
	if err := storageCheck(func() error { return errAway }, &p)(t.Context()); !errors.Is(err, errAway) {
		t.Errorf("got %v", err)
	}
}

var errAway = errors.New("away")
