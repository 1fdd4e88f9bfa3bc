package stream_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"salon.im/salon/stream"
	"salon.im/salon/wire"
)

func element(name string) wire.Payload {
	w := wire.NewWriter()
	w.Elem("urn:xmpp:sm:3", name, "")
	return w.Payload()
}

// counted returns an outbox with XEP-0198 on, its connection, and the client that has read <enabled/>.
func counted(t *testing.T, l stream.OutboxLimits) (*stream.Outbox, *stream.Conn, *reader) {
	t.Helper()
	c, client := clear(t)
	o := stream.NewOutbox(flusher(t), l, stream.Events{Handled: func() uint32 { return 7 }})
	o.Attach(c)
	o.EnableAcks(element("enabled"))
	r := newReader(t, client)
	r.expect("<enabled")
	return o, c, r
}

// XEP-0198 §4: what somebody waits for is asked for at once, a room's messages now and then.
func TestAcksAreAskedFor(t *testing.T) {
	t.Parallel()
	o, _, r := counted(t, stream.OutboxLimits{})
	o.Send(message("a"), 0)
	r.expect("a", "<r")
	o.Send(message("b"), 0) // one <r/> is out already
	r.expect("b")
	if err := o.Acked(1); err != nil {
		t.Fatal(err)
	}
	r.expect("<r")
	if err := o.Acked(2); err != nil {
		t.Fatal(err)
	}
	for i := range 16 {
		o.Send(groupchat(fmt.Sprint("room ", i)), 0)
		r.expect(fmt.Sprint("room ", i))
	}
	r.expect("<r")
	if err := o.Acked(18); err != nil {
		t.Fatal(err)
	}
	o.Send(groupchat("last"), 0)
	r.expect("last")
	if o.Ask(false); !o.Ask(false).IsZero() {
		t.Error("asked twice before the first went out")
	}
	r.expect("<r")
	if o.Ask(false).IsZero() {
		t.Error("the client owes nothing")
	}
	o.SendAck()
	r.expect(`h="7"`)
}

func TestAcksWrapAround(t *testing.T) {
	t.Parallel()
	o, _, r := counted(t, stream.OutboxLimits{})
	o.SetAcked(math.MaxUint32 - 1)
	for i := range 3 {
		o.Send(groupchat(fmt.Sprint(i)), 0)
		r.expect(fmt.Sprint(i))
	}
	for _, h := range []uint32{math.MaxUint32, 1} { // XEP-0198 §4: 2^32-1, 0, 1
		if err := o.Acked(h); err != nil {
			t.Errorf("h=%d: %v", h, err)
		}
	}
	if n, _ := o.Waiting(); n != 0 {
		t.Errorf("%d wait", n)
	}
	if err := o.Acked(2); !errors.Is(err, stream.ErrHandledTooHigh) {
		t.Errorf("h=2 of 1 sent: %v", err)
	}
}

// XEP-0198 §5: after <resumed/> comes what was not acknowledged, then what was never sent, then what is new.
func TestResumeSendsInOrder(t *testing.T) {
	t.Parallel()
	o, c, r := counted(t, stream.OutboxLimits{})
	for _, s := range []string{"one", "two", "three"} {
		o.Send(groupchat(s), 0)
		r.expect(s)
	}
	o.Detach(c)
	c.Close()
	o.Send(groupchat("four"), 0)
	c2, client := encrypted(t)
	if err := o.Resume(c2, 9, element("resumed")); !errors.Is(err, stream.ErrHandledTooHigh) {
		t.Fatalf("h=9: %v", err)
	}
	if err := o.Resume(c2, 1, element("resumed")); err != nil {
		t.Fatal(err)
	}
	o.Send(groupchat("five"), 0)
	newReader(t, client).expect("<resumed", "two", "three", "four", "five")
	if sent, acked := o.Sent(); sent != 5 || acked != 1 {
		t.Errorf("sent %d, acked %d", sent, acked)
	}
	if rest := o.Close(nil, true); len(rest) != 4 {
		t.Errorf("left behind %d", len(rest))
	}
	if err := o.Resume(c2, 1, element("resumed")); !errors.Is(err, stream.ErrEnded) {
		t.Errorf("after the end: %v", err)
	}
}

// A session that comes back with a full queue is not thrown out again by the first stanza.
func TestResumeWithBacklog(t *testing.T) {
	t.Parallel()
	over := make(chan struct{}, 10)
	c, client := clear(t)
	o := stream.NewOutbox(flusher(t), stream.OutboxLimits{Stanzas: 4, ResumeStanzas: 8},
		stream.Events{Overflow: func() { over <- struct{}{} }})
	o.Attach(c)
	o.EnableAcks(element("enabled"))
	r := newReader(t, client)
	r.expect("<enabled")
	o.Detach(c)
	for i := range 8 {
		if !o.Send(groupchat(fmt.Sprint(i)), 0) {
			t.Fatalf("refused %d", i)
		}
	}
	if o.Send(groupchat("8"), 0) {
		t.Error("took more than the bound")
	}
	eventually(t, over, "overflow while nobody reads")
	c2, client := clear(t)
	if err := o.Resume(c2, 0, element("resumed")); err != nil {
		t.Fatal(err)
	}
	if !o.Send(groupchat("new"), 0) {
		t.Error("refused the first stanza after resumption")
	}
	newReader(t, client).expect("<resumed", "0", "1", "2", "3", "4", "5", "6", "7")
	select {
	case <-over:
		t.Error("overflowed again")
	default:
	}
	if err := o.Acked(9); err != nil && !errors.Is(err, stream.ErrHandledTooHigh) {
		t.Fatal(err)
	}
}
