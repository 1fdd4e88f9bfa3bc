package main_test

import (
	"testing"
	"time"
)

const (
	idleSessions = 5000
	idleSettle   = 60 * time.Second
	idleBar      = 20 << 10 // bytes of resident memory for each session
)

// TestSizeIdle holds what a session costs that does nothing: over TLS 1.3, bound, with its roster fetched, carbons and
// resumption on and presence sent, a minute after the last login.
func TestSizeIdle(t *testing.T) {
	long(t)
	w := newTown(t, idleSessions, "")
	zero := w.rss()
	w.login(32, "SCRAM-SHA-256", rosterRequest+carbonsOn+acksOn)
	last := w.rss()
	<-time.After(idleSettle)
	each := (w.rss() - zero) / idleSessions
	t.Logf("%d bytes of memory each; %d right behind the last login; %d MiB without sessions", each, (last-zero)/idleSessions, zero>>20)
	if each > idleBar {
		t.Errorf("a session costs %d bytes, the bar is %d", each, idleBar)
	}
}

const (
	logins   = 500
	loginBar = 700 * time.Microsecond
)

// TestSizeLogin holds what a login costs: TLS 1.3 with X25519, SCRAM, bind, roster, carbons, presence.
func TestSizeLogin(t *testing.T) {
	long(t)
	for _, mechanism := range []string{"SCRAM-SHA-1", "SCRAM-SHA-256"} {
		t.Run(mechanism, func(t *testing.T) {
			w := newTown(t, logins, "")
			var got []time.Duration
			for range 4 {
				got = append(got, w.per(logins, func() { w.login(8, mechanism, rosterRequest+carbonsOn) }))
				w.each(w.guests, 8, func(g *guest) error {
					_, err := g.ask(`</stream:stream>`, `</stream:stream>`)
					_ = g.Close()
					return err
				})
			}
			hold(t, "server CPU for each login", loginBar, got[1:]...) // the first fills caches
		})
	}
}
