package router_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"mellium.im/xmpp/stream"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

// asked is a session that is asked and answers nothing by itself.
type asked struct{ addr wire.Addr }

// Addr implements router.Session.
func (a asked) Addr() wire.Addr { return a.addr }

// Send implements router.Session.
func (a asked) Send(wire.Stanza, int64) bool { return true }

// Close implements router.Session.
func (a asked) Close(stream.Error) {}

var (
	queryHost = wire.MustAddr("example.test")
	queryFull = wire.MustAddr("anna@example.test/a")
)

func queryRouter(t *testing.T) (*router.Router, *router.Flow) {
	t.Helper()
	r := router.New(router.Options{Hosts: []string{"example.test"}, Exists: func(context.Context, wire.Addr) (bool, error) { return true, nil }})
	res, err := r.Bind(t.Context(), asked{queryFull})
	if err != nil {
		t.Fatal(err)
	}
	return r, r.NewFlow(t.Context(), res, nil)
}

func ourRequest(id string, to wire.Addr) wire.Stanza {
	return wire.New(wire.KindIQ, "get", id, queryHost, to, wire.NewWriter().Elem("urn:xmpp:ping", "ping", "").Payload())
}

// RFC 6120 §8.2.3: the answer of the one who was asked counts, once, and no one else's.
func TestQuery(t *testing.T) {
	r, flow := queryRouter(t)
	var got []string
	if !r.Query(t.Context(), ourRequest("q1", queryFull), func(st wire.Stanza) { got = append(got, st.Type()) }) {
		t.Fatal("not asked")
	}
	answer := func(from, id string) {
		flow.Accept(wire.New(wire.KindIQ, "result", id, wire.MustAddr(from), queryHost))
		flow.Quiesce(t.Context())
	}
	answer("ben@example.test/b", "q1")
	answer("anna@example.test/a", "q2")
	if len(got) != 0 {
		t.Fatalf("answered by others: %q", got)
	}
	answer("anna@example.test/a", "q1")
	answer("anna@example.test/a", "q1")
	if len(got) != 1 || got[0] != "result" {
		t.Errorf("%q", got)
	}
}

// A request without an answer ends by time; one that nobody takes is not begun.
func TestQueryTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := queryRouter(t)
		n := 0
		if !r.Query(t.Context(), ourRequest("q1", queryFull), func(st wire.Stanza) {
			if !st.IsZero() {
				t.Error("an answer from nowhere")
			}
			n++
		}) {
			t.Fatal("not asked")
		}
		if r.Query(t.Context(), ourRequest("q2", wire.MustAddr("ben@example.test/b")), func(wire.Stanza) { t.Error("answered") }) {
			t.Error("asked nobody")
		}
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if n != 1 {
			t.Errorf("told %d times", n)
		}
	})
}

// The requests that wait are bounded.
func TestQueryBound(t *testing.T) {
	r, _ := queryRouter(t)
	n := 0
	for r.Query(t.Context(), ourRequest(wire.NewID(), queryFull), func(wire.Stanza) {}) && n < 20_000 {
		n++
	}
	if n != 10_000 {
		t.Errorf("%d wait", n)
	}
}
