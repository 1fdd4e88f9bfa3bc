package xmpptest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"salon.im/salon/config"
	"salon.im/salon/internal/xmpptest"
)

// unhurried lets a stream send as fast as it can: what holds a flood is then what the test is after, not the rate of streams.
func unhurried(c *config.Config) {
	c.Limits.StanzasPerSecond, c.Limits.StanzasBurst = 1_000_000, 1_000_000
	c.Limits.BytesPerSecond, c.Limits.BytesBurst = 1<<30, 1<<30
}

// floods are what a user may say again and again, and never read what comes of it. The count goes up.
var floods = []struct {
	row string
	say func(i int) string
}{
	{"E11", func(i int) string { return enter("lobby", fmt.Sprint("m", i)) }}, // a join, then changes of nick
	{"E11", func(i int) string {
		return enter("lobby", "m") + `<presence type="unavailable" to="lobby@conference.example.test/m"/>`
	}},
	{"E12", func(i int) string { return enter(fmt.Sprint("r", i), "m") }},
	{"E13", func(i int) string {
		return fmt.Sprintf(`<message to="lobby@conference.example.test" type="groupchat"><body>%d</body></message>`, i)
	}},
	{"F01", func(i int) string { // the answers are long
		return fmt.Sprintf(`<iq type="get" id="%d" to="example.test"><query xmlns="http://jabber.org/protocol/disco#info"/></iq>`, i)
	}},
	{"F04", func(i int) string {
		return fmt.Sprintf(`<message to="away@example.test" type="chat"><body>%d</body></message>`, i)
	}},
	{"F06", func(i int) string {
		return fmt.Sprintf(`<presence><status>%d</status></presence><presence to="u%d@example.test/x"/>`, i, i)
	}},
	{"F07", func(i int) string {
		return fmt.Sprintf(`<iq type="set" id="%d"><query xmlns="jabber:iq:roster"><item jid="c%d@example.test"/></query></iq>`, i, i)
	}},
	{"F08", func(i int) string {
		return fmt.Sprintf(`<iq type="set" id="%d"><query xmlns="jabber:iq:private"><a xmlns="urn:a:%d">x</a></query></iq>`, i, i)
	}},
	{"F09", func(i int) string {
		return fmt.Sprintf(`<iq type="set" id="%d"><block xmlns="urn:xmpp:blocking"><item jid="c%d@example.test"/></block></iq>`, i, i)
	}},
}

func enter(room, nick string) string {
	return fmt.Sprintf(`<presence to="%s@conference.example.test/%s"><x xmlns="http://jabber.org/protocol/muc"/></presence>`, room, nick)
}

// TestFloods: whatever somebody says as fast as the connection takes it, without reading what comes of it, delays nobody and
// takes little memory.
func TestFloods(t *testing.T) { // not in parallel: it watches the memory of the process
	s := xmpptest.Start(t, unhurried)
	s.Client("away@example.test")
	others := watch(t, s)
	for _, f := range floods {
		grown := heap()
		mallory := s.Online("mallory@example.test/x")
		mallory.Send(enter("lobby", "mallory"))
		said := flood(mallory, f.say)
		others.more(60)
		mallory.Cut()
		n := <-said
		by := grown()
		t.Logf("%s, %d times: %d KiB", f.row, n, by>>10)
		if by > memory {
			t.Errorf("%s, %d times: %d MiB more", f.row, n, by>>20)
		}
	}
	others.stop()
}

// flood lets a client say something again and again, until its connection ends; then it tells how many times.
func flood(c *xmpptest.Client, say func(int) string) (said chan int) {
	said = make(chan int, 1)
	go func() {
		n := 0
		for err := error(nil); err == nil; {
			var b strings.Builder
			for ; b.Len() < 32<<10; n++ {
				b.WriteString(say(n))
			}
			err = c.TrySend(b.String())
		}
		said <- n
	}()
	return said
}

// TestPingsUnread: who asks and never reads the answers is let go of over the bound of an outbox (F01): a session ends, one that
// can be resumed loses its connection.
func TestPingsUnread(t *testing.T) {
	t.Parallel()
	s := xmpptest.Start(t, unhurried, func(c *config.Config) {
		c.Limits.OutboxBytes, c.Limits.OutboxStanzas = 64<<10, 1000
		c.Limits.OutboxBytesPerUser = 1 << 40 // another bound
	})
	others := watch(t, s)
	ping := func(i int) string { return fmt.Sprintf(`<iq type="get" id="%d"><ping xmlns="urn:xmpp:ping"/></iq>`, i) }
	bound, resumable := s.At("mallory@example.test/x", "bound"), s.At("mallory@example.test/y", "resumable")
	flood(bound, ping)
	if err := s.Gone(bound.Addr); err != nil {
		t.Error(err)
	}
	bound.Cut()
	select {
	case <-flood(resumable, ping):
	case <-time.After(20 * time.Second):
		t.Error("the connection of a session that can be resumed goes on")
		resumable.Cut()
	}
	others.stop()
}
