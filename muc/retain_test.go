package muc_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// A request that waits for its answer costs what it takes to know the answer, not itself.
func TestRelayKeepsNoStanza(t *testing.T) {
	w, anna, ben, _ := three(t)
	before := heap()
	const requests, size = 40, 200_000
	for i := range requests {
		anna.say(fmt.Sprintf(`<iq type='get' id='i%d' to='%s/B'><q xmlns='x'>%s</q></iq>`, i, roomJID, strings.Repeat("x", size)))
		anna.sync()
		w.want(ben.sync(), `<q xmlns='x'`)
	}
	if grown := heap() - before; grown > requests*size/4 {
		t.Errorf("%d bytes for %d requests", grown, requests)
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// XEP-0045 §7.7: what an occupant's presence says is bounded, for everyone who enters is sent it.
func TestPresenceBound(t *testing.T) {
	w, anna, ben, _ := three(t)
	status := func(n int) string { return `<status>` + strings.Repeat("x", n) + `</status>` }
	for i, c := range []struct {
		n       int
		refused bool
	}{
		0: {10_000, false},
		1: {17_000, true},
	} {
		anna.sync()
		ben.say(`<presence to='` + roomJID + `/B'>` + status(c.n) + `</presence>`)
		if got := ben.sync(); has(got, `type="error"`, `policy-violation`) != c.refused {
			t.Errorf("%d: %q", i, got)
		}
		if has(anna.sync(), `/B"`, `<status>xxx`) == c.refused {
			t.Errorf("%d: told to others", i)
		}
	}
	dora := w.dial("dora")
	dora.say(`<presence to='` + roomJID + `/D'>` + status(17_000) + `<x xmlns='http://jabber.org/protocol/muc'/></presence>`)
	w.want(dora.sync(), `type="error"`, `policy-violation`)
	ben.say(`<presence type='unavailable' to='` + roomJID + `/B'>` + status(17_000) + `</presence>`)
	got := anna.sync()
	w.want(got, `type="unavailable"`, `/B"`)
	w.wantNot(got, `<status>xxx`)
}
