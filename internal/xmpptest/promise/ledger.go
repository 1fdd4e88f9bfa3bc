package promise

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"salon.im/salon/internal/xmpptest/keeper"
	"salon.im/salon/wire"
)

// Lane is a way that messages go: from one person to another, or to a room.
type Lane struct {
	From, To wire.Addr // bare
	Room     bool
}

// Ledger is the book of one test. Its methods are safe for any goroutine.
type Ledger struct {
	mu    sync.Mutex
	clock int // of what happens: sends and acknowledgements
	lanes map[string]*lane
	books map[wire.Addr]*book
	wrong []string // what the server did that it must not, beside the archives
	sums  Sums
}

// Sums count messages.
type Sums struct{ Sent, Acked, Refused, Received, Again int }

// lane is a Lane with its messages, number 1 first.
type lane struct {
	Lane
	name string
	msgs []*message
}

// message is what is known of one. The times are the ledger's, 0 for never.
type message struct {
	sent, acked int
	tries       int
	refused     bool   // once, at least: its place is then where a later try put it
	pending     bool   // the last try was refused
	received    string // the stanza-id that its recipient saw
	reflected   bool
}

// New returns an empty ledger.
func New() *Ledger { return &Ledger{lanes: map[string]*lane{}, books: map[wire.Addr]*book{}} }

// padding makes a message as long as people's.
var padding = strings.Repeat("x", 80)

func (l Lane) name() string { return l.From.Local() + ":" + l.To.Local() }

// xml is message n of a lane. Each try has an id of its own, so that one can tell what is acknowledged or refused.
func (l Lane) xml(n, try int) keeper.Stanza {
	typ, key := "chat", l.name()+":"+strconv.Itoa(n)
	if l.Room {
		typ = "groupchat"
	}
	id := key + "#" + strconv.Itoa(try)
	return keeper.Stanza{Key: id, XML: fmt.Sprintf(`<message type="%s" to="%s" id="%s"><body>%[4]s %s</body><origin-id xmlns="urn:xmpp:sid:0" id="%[4]s"/></message>`,
		typ, l.To, id, key, padding)}
}

// Next writes down the next message of a lane, which is about to be sent.
func (l *Ledger) Next(way Lane) keeper.Stanza {
	l.mu.Lock()
	defer l.mu.Unlock()
	name := way.name()
	ln := l.lanes[name]
	if ln == nil {
		ln = &lane{Lane: way, name: name}
		l.lanes[name] = ln
	}
	l.clock++
	l.sums.Sent++
	ln.msgs = append(ln.msgs, &message{sent: l.clock, tries: 1})
	return way.xml(len(ln.msgs), 1)
}

// Again returns a message that was refused, by the id of the last try, to be sent once more.
func (l *Ledger) Again(id string) keeper.Stanza {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln, n, m := l.find(id)
	m.pending = false
	m.tries++
	l.sums.Again++
	return ln.xml(n, m.tries)
}

// find returns the message of a key, or of an id, nil if there is none.
func (l *Ledger) find(key string) (*lane, int, *message) {
	key, _, _ = strings.Cut(key, "#")
	i := strings.LastIndexByte(key, ':')
	if i < 0 {
		return nil, 0, nil
	}
	ln := l.lanes[key[:i]]
	n, err := strconv.Atoi(key[i+1:])
	if ln == nil || err != nil || n < 1 || n > len(ln.msgs) {
		return nil, 0, nil
	}
	return ln, n, ln.msgs[n-1]
}

// Acked notes an acknowledgement. That of a stanza which was refused is none of the message.
func (l *Ledger) Acked(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, n, m := l.find(id); m != nil && !m.pending && strings.HasSuffix(id, fmt.Sprint(n, "#", m.tries)) {
		l.ack(m)
	}
}

func (l *Ledger) ack(m *message) {
	if m.acked == 0 {
		l.clock++
		l.sums.Acked++
		m.acked = l.clock
	}
}

// Refused notes an error, and reports whether the message is to be sent again.
func (l *Ledger) Refused(id, why string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _, m := l.find(id)
	switch {
	case m == nil:
		l.complain("an error for %s, which nobody sent: %s", id, why)
		return false
	case m.acked != 0:
		l.complain("%s was acknowledged, and then refused: %s", id, why)
		return false
	}
	l.sums.Refused++
	m.refused, m.pending = true, true
	return true
}

// Received notes a message that came to someone. A room's own sender sees its reflection: an acknowledgement.
func (l *Ledger) Received(who wire.Addr, st wire.Stanza) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := keyOf(st)
	ln, _, m := l.find(key)
	if m == nil {
		l.complain("%s got what nobody sent: %s", who, st.Append(nil))
		return
	}
	l.sums.Received++
	owner := ln.To
	id, ok := "", false
	for k := range st.Kids() {
		if k.Name().Local == "stanza-id" && k.Attr("by") == owner.String() {
			id, ok = k.Attr("id"), true
		}
	}
	switch {
	case !ok:
		l.complain("%s got %s without the stanza-id of %s: %s", who, key, owner, st.Append(nil))
	case m.received != "" && m.received != id:
		l.complain("%s came with the stanza-ids %s and %s", key, m.received, id)
	}
	m.received = id
	if ln.Room && who.Bare() == ln.From {
		m.reflected = true
		l.ack(m)
	}
}

// complain notes what is wrong. The first twenty are enough.
func (l *Ledger) complain(format string, args ...any) {
	if len(l.wrong) < 20 {
		l.wrong = append(l.wrong, fmt.Sprintf("%.400s", fmt.Sprintf(format, args...)))
	}
}

// keyOf is the key in a message's body, "" if it has none.
func keyOf(st wire.Stanza) string {
	body, _ := st.Kid("", "body")
	key, _, _ := strings.Cut(body.Text(), " ")
	return key
}

// Sums returns the counts so far.
func (l *Ledger) Sums() Sums {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sums
}

// Open returns how many messages are neither acknowledged nor refused, or were refused and not sent again.
func (l *Ledger) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sums.Sent - l.sums.Acked
}

// Waiting returns how many messages to a person were acknowledged and have not come to it.
func (l *Ledger) Waiting(to wire.Addr) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, ln := range l.lanes {
		if ln.To == to && !ln.Room {
			for _, m := range ln.msgs {
				if m.acked != 0 && m.received == "" {
					n++
				}
			}
		}
	}
	return n
}
