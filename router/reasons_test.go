package router_test

import (
	"sync/atomic"
	"testing"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/router"
)

// Whatever is dropped or bounced is counted with one of a fixed set of reasons.
func TestReasons(t *testing.T) {
	r := newRouter(nil, router.FlowLimits{})
	s, res := bind(t, r, alice, 0)
	nobody := bob.Bare()
	for _, typ := range []string{"headline", "error"} {
		r.DeliverMessage(t.Context(), &router.Walk{Stanza: message(typ, "1", alice, nobody)})
	}
	r.Bounce(t.Context(), message("error", "2", alice, nobody), stanza.Error{Condition: stanza.ItemNotFound})
	r.Bounce(t.Context(), message("chat", "3", alice, nobody), stanza.Error{Type: stanza.Cancel, Condition: stanza.ItemNotFound})
	r.Bounce(t.Context(), message("chat", "4", alice, nobody), stanza.Error{Type: stanza.Cancel, Condition: "made-up"})
	r.CountDrop(router.DropLeftBehind)
	counts := func(each func(func(string, *atomic.Int64))) map[string]int64 {
		got := map[string]int64{}
		each(func(reason string, n *atomic.Int64) {
			if n.Load() > 0 {
				got[reason] = n.Load()
			}
		})
		return got
	}
	dropped, bounced := counts(r.Stats.Dropped.Each), counts(r.Stats.Bounced.Each)
	if dropped["type"] != 2 || dropped["unanswerable"] != 1 || dropped["left-behind"] != 1 || len(dropped) != 3 {
		t.Errorf("dropped %v", dropped)
	}
	if bounced["item-not-found"] != 1 || bounced["other"] != 1 || len(bounced) != 2 {
		t.Errorf("bounced %v", bounced)
	}
	if got := s.take(); len(got) != 2 {
		t.Errorf("told %v", got)
	}
	r.Unbind(t.Context(), res)
}
