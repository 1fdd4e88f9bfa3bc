package feature_test

import (
	"fmt"
	"runtime"
	"testing"

	"mellium.im/xmpp/stream"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

// silent is a session that keeps nothing.
type silent struct{ addr wire.Addr }

func (s silent) Addr() wire.Addr                 { return s.addr }
func (silent) Close(stream.Error)                {}
func (silent) Send(st wire.Stanza, _ int64) bool { return true }

// BenchmarkLogin is what presence and roster add to a login: block list, roster, initial presence, and the goodbye.
func BenchmarkLogin(b *testing.B) {
	for _, n := range []int{0, 50, 1000} {
		b.Run(fmt.Sprint(n, " contacts"), func(b *testing.B) {
			h := newHouse(b)
			for i := range n {
				h.setState("anna", fmt.Sprintf("c%d@here.test", i), "both")
			}
			get, presence := parse(b, rosterGet), parse(b, `<presence/>`)
			b.ResetTimer()
			for b.Loop() {
				res, err := h.router.Bind(b.Context(), silent{at("anna/x")})
				if err != nil {
					b.Fatal(err)
				}
				f := h.router.NewFlow(b.Context(), res, nil)
				f.Accept(get.WithFrom(res.Addr()))
				f.Accept(presence.WithFrom(res.Addr()))
				if err := f.Quiesce(b.Context()); err != nil {
					b.Fatal(err)
				}
				h.router.Unbind(b.Context(), res)
			}
		})
	}
}

// BenchmarkBroadcast is one change of presence with a hundred contacts here and online.
func BenchmarkBroadcast(b *testing.B) {
	h := newHouse(b)
	for i := range 100 {
		name := fmt.Sprintf("c%d", i)
		h.setState("anna", name+"@here.test", "both")
		res, err := h.router.Bind(b.Context(), silent{at(name + "/x")})
		if err != nil {
			b.Fatal(err)
		}
		res.SetPresence(&router.Presence{Stanza: parse(b, `<presence/>`)})
	}
	anna := h.enter("anna/x")
	st := parse(b, `<presence><show>away</show></presence>`).WithFrom(anna.addr)
	b.ReportAllocs()
	for b.Loop() {
		if err := h.presences.Outbound(b.Context(), anna.res, st); err != nil {
			b.Fatal(err)
		}
	}
}

// TestSessionMemory holds what presence keeps for an idle session with 20 contacts against its share of the 20 KB that an
// idle session may take in all.
func TestSessionMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it counts the heap")
	}
	const sessions, share = 100, 6 << 10
	h := newHouse(t)
	for i := range sessions {
		for j := range 20 {
			h.setState(fmt.Sprintf("m%d", i), fmt.Sprintf("c%d-%d@far.test", i, j), "to")
		}
	}
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for i := range sessions {
		res, err := h.router.Bind(t.Context(), silent{at(fmt.Sprintf("m%d/x", i))})
		if err != nil {
			t.Fatal(err)
		}
		f := h.router.NewFlow(t.Context(), res, nil)
		f.Accept(parse(t, rosterGet).WithFrom(res.Addr()))
		f.Accept(parse(t, `<presence><show>away</show><priority>5</priority><c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="https://gajim.org" ver="0UUAbxZmUUAbxZmUUAbxZmUUAb="/></presence>`).WithFrom(res.Addr()))
		if err := f.Quiesce(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.remote.take()
	}
	each := (heap() - before) / sessions
	t.Logf("%d bytes a session", each)
	if each > share {
		t.Errorf("%d bytes a session, more than %d", each, share)
	}
	runtime.KeepAlive(h)
}
