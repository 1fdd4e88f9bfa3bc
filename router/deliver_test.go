package router_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"testing"

	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// RFC 6121 §8.5, every cell: what becomes of a message of a type in a situation. "one" is the resource named, "all" those of
// non-negative priority, "keep" leaves a row undelivered and otherwise answers with an error, "error" is
// service-unavailable, "-" is silence.
func TestMessagesByTable(t *testing.T) {
	t.Parallel()
	situations := []string{"no account", "bare, here", "bare, away", "full, here", "full, away, others here", "full, away"}
	for typ, row := range map[string][6]string{
		//           §8.5.1  .2.1.1  .2.2.1 .3.1  .3.2.1
		"normal":    {"error", "all", "keep", "one", "error", "error"},
		"":          {"error", "all", "keep", "one", "error", "error"},
		"unknown":   {"error", "all", "keep", "one", "error", "error"}, // §5.2.2: as normal
		"chat":      {"error", "all", "keep", "one", "all", "keep"},
		"groupchat": {"error", "error", "error", "one", "error", "error"},
		"headline":  {"-", "all", "-", "one", "-", "-"},
		"error":     {"-", "-", "-", "one", "-", "-"},
	} {
		for i, want := range row {
			for _, mark := range []int64{0, 7} {
				if got := deliver(t, typ, situations[i], mark); got != outcome(want, mark) {
					t.Errorf("%q to %s, mark %d: got %q, want %q", typ, situations[i], mark, got, outcome(want, mark))
				}
			}
		}
	}
}

// outcome spells out what a cell means with and without a row in the archive.
func outcome(cell string, mark int64) string {
	switch {
	case cell == "keep" && mark != 0:
		return "-"
	case cell == "keep":
		return "error"
	case mark != 0 && (cell == "error" || cell == "-"):
		return cell + ", settled"
	}
	return cell
}

func deliver(t *testing.T, typ, situation string, mark int64) string {
	t.Helper()
	a := newArchiver(t, rand.New(rand.NewPCG(1, 1)))
	r := newRouter(a, router.FlowLimits{})
	sender, _ := bind(t, r, alice, unavailable)
	named := &session{}
	to := wire.MustAddr("bob@example.test")
	here := []*session{{}, {}}
	switch situation {
	case "no account":
		to = wire.MustAddr("nobody@example.test")
	case "full, here", "full, away, others here", "full, away":
		to = bob
	}
	if situation == "full, here" {
		named, _ = bind(t, r, bob, -1) // §8.5.3.1: whatever its priority
	}
	if situation != "no account" && situation != "bare, away" && situation != "full, away" {
		here[0], _ = bind(t, r, wire.MustAddr("bob@example.test/1"), 0)
		here[1], _ = bind(t, r, wire.MustAddr("bob@example.test/2"), 5)
	}
	var silent []*session
	if situation != "no account" {
		for res, priority := range map[string]int{"negative": -1, "unavailable": unavailable} {
			s, _ := bind(t, r, wire.MustAddr("bob@example.test/"+res), priority)
			silent = append(silent, s)
		}
	}
	walk := &router.Walk{Stanza: message(typ, "1", alice, to), Mark: mark}
	r.DeliverMessage(t.Context(), walk)
	for _, s := range silent {
		if len(s.take()) > 0 {
			t.Errorf("%q to %s reached %s", typ, situation, s.addr)
		}
	}
	got := "-"
	switch one, all := len(named.take()) == 1, len(here[0].take())+len(here[1].take()); {
	case one && all == 0:
		got = "one"
	case !one && all == 2:
		got = "all"
	case one || all > 0:
		got = "some"
	}
	if answers := sender.take(); len(answers) > 0 {
		got = "wrong answer"
		if e, ok := answers[0].Kid("", "error"); ok && len(answers) == 1 && answers[0].Type() == "error" {
			if _, ok := e.Kid("urn:ietf:params:xml:ns:xmpp-stanzas", "service-unavailable"); ok {
				got = "error"
			}
		}
	}
	if len(a.marks) > 0 {
		got += ", settled"
	}
	return got
}

// A session that leaves at this moment, or whose queue is full, is as good as away: nothing vanishes.
func TestMessageToAFullQueue(t *testing.T) {
	t.Parallel()
	r := newRouter(nil, router.FlowLimits{})
	sender, _ := bind(t, r, alice, unavailable)
	s, _ := bind(t, r, bob, 0)
	s.full = true
	for _, to := range []wire.Addr{bob, bob.Bare()} {
		r.DeliverMessage(t.Context(), &router.Walk{Stanza: message("chat", "1", alice, to)})
		if got := sender.take(); len(got) != 1 || got[0].Type() != "error" {
			t.Errorf("to %s: the sender got %d answers", to, len(got))
		}
		r.DeliverMessage(t.Context(), &router.Walk{Stanza: message("chat", "1", alice, to), Mark: 3})
		if got := sender.take(); len(got) != 0 {
			t.Errorf("to %s: kept and refused", to)
		}
	}
}

// XEP-0045 §7.5: a private message from an occupant to a session that has gone is refused before it is archived; other
// messages go to the account.
func TestPrivateMessageToADeadSession(t *testing.T) {
	t.Parallel()
	a := newArchiver(t, rand.New(rand.NewPCG(1, 1)))
	r := newRouter(a, router.FlowLimits{})
	r.Amend(func(_ context.Context, w *router.Walk) error {
		w.Rows = []storage.Row{{Owner: bob.Bare()}}
		return nil
	})
	bind(t, r, wire.MustAddr("bob@example.test/other"), 0)
	sender, from := bind(t, r, alice, unavailable)
	f := r.NewFlow(t.Context(), from, nil)
	mark := wire.NewWriter().Start("http://jabber.org/protocol/muc#user", "x").Payload()
	st := message("chat", "1", alice, bob)
	for i, tt := range []struct {
		st   wire.Stanza
		rows int64
	}{0: {st.Edit().Append(mark).Stanza(), 0}, 1: {st, 1}} {
		f.Accept(tt.st)
		if err := f.Quiesce(t.Context()); err != nil {
			t.Fatal(err)
		}
		a.mu.Lock()
		rows := a.last
		a.mu.Unlock()
		if bounced := len(sender.take()) == 1; rows != tt.rows || bounced == (rows == 1) {
			t.Errorf("%d: %d rows, bounced is %v", i, rows, bounced)
		}
	}
}

// RFC 6121 §8.5.3, RFC 6120 §8.2.3 and §8.3.1: a request is answered once, an answer never.
func TestIQToResource(t *testing.T) {
	t.Parallel()
	r := newRouter(nil, router.FlowLimits{})
	sender, from := bind(t, r, alice, unavailable)
	s, _ := bind(t, r, bob, unavailable)
	f := r.NewFlow(t.Context(), from, nil)
	gone := wire.MustAddr("bob@example.test/gone")
	for i, row := range []struct {
		st                wire.Stanza
		answers, received int
	}{
		{request("1", alice, bob), 0, 1},
		{request("2", alice, gone), 1, 0},
		{request("3", alice, gone).Result(nil).WithTo(gone).WithFrom(alice), 0, 0},
		{request("4", alice, wire.MustAddr("nobody@example.test")), 1, 0},
		{request("5", alice, wire.MustAddr("bob@example.test")), 1, 0},
		{request("6", alice, wire.MustAddr("elsewhere.test")), 1, 0},
		{request("", alice, bob), 1, 0},
	} {
		f.Accept(row.st)
		f.Quiesce(t.Context())
		if a, n := len(sender.take()), len(s.take()); a != row.answers || n != row.received {
			t.Errorf("%d: %d answers, %d received", i, a, n)
		}
	}
}

// RFC 6120 §7.7.2.2 and §7.6.2.1: the older session goes, and there is an end to sessions.
func TestBindReplacesAndIsBounded(t *testing.T) {
	t.Parallel()
	r := newRouter(nil, router.FlowLimits{})
	gone := 0
	r.OnGone(func(_ context.Context, _ *router.Resource, last *router.Presence) {
		if gone++; last == nil {
			t.Error("the presence is lost")
		}
	})
	old, oldRes := bind(t, r, bob, 0)
	_, res := bind(t, r, bob, 0)
	if old.end.Err != "conflict" || gone != 1 || r.Resource(bob) != res || r.Sessions() != 1 {
		t.Errorf("end %q, gone %d, %d sessions", old.end.Err, gone, r.Sessions())
	}
	r.Unbind(t.Context(), oldRes)
	if gone != 1 || r.Resource(bob) != res {
		t.Error("the replaced session took the new one with it")
	}
	for i := range 19 {
		bind(t, r, wire.MustAddr("bob@example.test/"+strconv.Itoa(i)), unavailable)
	}
	if _, err := r.Bind(t.Context(), &session{addr: wire.MustAddr("bob@example.test/one-more")}); !errors.Is(err, router.ErrTooMany) {
		t.Errorf("got %v", err)
	}
	bind(t, r, bob, 0) // replacing is always possible
}

// RFC 6121 §8.5.3.2.1: a message to a resource that has gone is refused before it is archived, for an archive must not show
// what its sender was told had failed.
func TestRefusedBeforeKept(t *testing.T) {
	t.Parallel()
	for typ, kept := range map[string]bool{"normal": false, "": false, "groupchat": false, "chat": true} {
		r := newRouter(newArchiver(t, rand.New(rand.NewPCG(1, 1))), router.FlowLimits{})
		amended := false
		r.Amend(func(context.Context, *router.Walk) error { amended = true; return nil })
		s, res := bind(t, r, alice, unavailable)
		f := r.NewFlow(t.Context(), res, nil)
		f.Accept(message(typ, "1", alice, bob))
		if err := f.Quiesce(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.take(); amended != kept || len(got) != 1 || got[0].Type() != "error" {
			t.Errorf("%q: archived %v, the sender got %v", typ, amended, got)
		}
	}
}
