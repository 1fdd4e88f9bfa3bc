package router_test

import (
	"context"
	"testing"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

// A hook that panics is counted and ends alone: the session, the other hooks and the process go on.
func TestPanickingHooks(t *testing.T) {
	r := newRouter(nil, router.FlowLimits{})
	var after []string
	oops := func(context.Context, *router.Resource) { panic("a mistake of ours") }
	note := func(s string) func(context.Context, *router.Resource) {
		return func(context.Context, *router.Resource) { after = append(after, s) }
	}
	r.OnBound(oops)
	r.OnBound(note("bound"))
	r.OnAvailable(oops)
	r.OnAvailable(note("available"))
	r.OnDelivered(func(wire.Addr, []int64) { panic("a mistake of ours") })
	r.OnGone(func(context.Context, *router.Resource, *router.Presence) { panic("a mistake of ours") })
	r.OnGone(func(_ context.Context, res *router.Resource, _ *router.Presence) { note("gone")(nil, res) })
	r.Observe(func(context.Context, *router.Walk) { panic("a mistake of ours") })
	s, res := bind(t, r, alice, 0)
	res.Hold()
	r.Available(t.Context(), res)
	r.Delivered(alice, 1)
	r.DeliverMessage(t.Context(), &router.Walk{Stanza: message("chat", "1", bob, alice)})
	if got := s.take(); len(got) != 1 || got[0].ID() != "1" {
		t.Errorf("got %v", got) // released, and not bounced
	}
	r.Unbind(t.Context(), res)
	if len(after) != 3 {
		t.Errorf("only %q ran", after)
	}
	if n := r.Stats.Panics.Load(); n != 5 {
		t.Errorf("%d panics are counted", n)
	}
}
