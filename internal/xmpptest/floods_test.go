package xmpptest_test

import (
	"fmt"
	"strings"
	"testing"

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
		end := flood(s, "mallory", f.say)
		others.more(60)
		n := end()
		by := grown()
		t.Logf("%s, %d times: %d KiB", f.row, n, by>>10)
		if by > memory {
			t.Errorf("%s, %d times: %d MiB more", f.row, n, by>>20)
		}
	}
	others.stop()
}

// flood lets a user say something again and again, until end is called; it returns how many times.
func flood(s *xmpptest.Server, user string, say func(int) string) (end func() int) {
	c := s.Online(user + "@example.test/x")
	c.Send(enter("lobby", user))
	said := make(chan int)
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
	return func() int {
		c.Cut()
		return <-said
	}
}

// TestPingsUnread: who asks and never reads the answers loses her stream over the bound (F01), resumable or not.
func TestPingsUnread(t *testing.T) {
	t.Parallel()
	s := xmpptest.Start(t, unhurried, func(c *config.Config) {
		c.Limits.OutboxBytes, c.Limits.OutboxStanzas = 64<<10, 1000
		c.Stream.ResumeBytes, c.Stream.ResumeStanzas = 64<<10, 1000
		c.Limits.OutboxBytesPerUser = 1 << 40 // another bound
	})
	others := watch(t, s)
	pings := strings.Repeat(`<iq type="get" id="1"><ping xmlns="urn:xmpp:ping"/></iq>`, 1000)
	for _, stage := range []string{"bound", "resumable"} {
		mallory := s.At("mallory@example.test/"+stage, stage)
		sent, err := 0, error(nil)
		for ; err == nil && sent < 64<<20; sent += len(pings) { // far more than the sockets hold
			err = mallory.TrySend(pings)
		}
		if err == nil {
			t.Errorf("%s: %d MiB of pings are answered", stage, sent>>20)
		}
	}
	others.stop()
}
