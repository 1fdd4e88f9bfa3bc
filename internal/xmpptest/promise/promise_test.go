package promise_test

import (
	"context"
	"strings"
	"testing"

	"salon.im/salon/internal/xmpptest/promise"
	"salon.im/salon/wire"
)

var lane = promise.Lane{From: wire.MustAddr("ann@a.test"), To: wire.MustAddr("ben@a.test")}

// A ledger sees what is lost, there twice, out of order, and what nobody sent; and lets pass what a server may do.
func TestCheck(t *testing.T) {
	for i, c := range []struct {
		acked, refused []string // ids, after three messages were sent
		rows, want     string   // numbers, and a part of the verdict
	}{
		0: {[]string{"1#1", "2#1", "3#1"}, nil, "123", ""},
		1: {[]string{"1#1"}, nil, "1", ""}, // what was not acknowledged may be there or not
		2: {[]string{"1#1", "2#1"}, nil, "1", "lost from the archive of ben@a.test: ann:ben:2"},
		3: {nil, nil, "122", "ann:ben:2 twice"},
		4: {nil, nil, "132", "ann:ben:2 behind number 3"},
		5: {nil, nil, "1234", "what nobody sent: ann:ben:4"},
		6: {[]string{"2#1"}, []string{"2#1"}, "13", ""}, // the <a/> behind an error is none of the message
		7: {nil, []string{"2#1"}, "132", ""},            // its place is where a later try put it
	} {
		l := promise.New()
		for range 3 {
			l.Next(lane)
		}
		for _, id := range c.refused {
			l.Refused("ann:ben:"+id, "")
		}
		for _, id := range c.acked {
			l.Acked("ann:ben:" + id)
		}
		read := false
		err := l.Check(context.Background(), lane.To, func(context.Context, wire.Addr, string) (rows []promise.Row, err error) {
			for at, n := range c.rows {
				if !read {
					rows = append(rows, promise.Row{ID: string(rune('a' + at)), Body: "ann:ben:" + string(n) + " xxx"})
				}
			}
			read = true
			return rows, nil
		})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d: %v, want %q", i, err, c.want)
		}
	}
}

// A refusal behind the acknowledgement breaks the promise, and a message that never came is missed in the end.
func TestSettled(t *testing.T) {
	l := promise.New()
	l.Next(lane)
	l.Acked("ann:ben:1#1")
	if err := l.Settled(); err == nil || !strings.Contains(err.Error(), "never came") {
		t.Error(err)
	}
	if again := l.Refused("ann:ben:1#1", "away"); again || !strings.Contains(l.Err().Error(), "acknowledged, and then refused: away") {
		t.Error(again, l.Err())
	}
}
