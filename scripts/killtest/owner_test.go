package killtest_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"salon.im/salon/internal/xmpptest/keeper"
	"salon.im/salon/wire"
)

const (
	nsUser = "http://jabber.org/protocol/muc#user"

	// deep is how many changes of one thing may be under way.
	deep = 3
)

// The kinds of things that change.
const (
	configuration = "configuration"
	lists         = "lists"
	subject       = "subject"
	hats          = "hats"
	vcard         = "vcard"
	nick          = "nick"
	life          = "life" // of another room, which is made and destroyed
)

var kinds = []string{configuration, lists, subject, hats, vcard, nick, life}

// repeated reports whether changes of a thing that were not acknowledged are sent again after a crash: messages are.
func repeated(thing string) bool { return strings.HasSuffix(thing, " "+subject) }

func address(room string) string { return room + "@conference.a.test" }

// owner is a client that changes a room, in several lanes at a time.
type owner struct {
	*keeper.Client
	w     *estate
	lanes []*lane
}

// lane changes one thing, again and again.
type lane struct {
	room, kind string
	change     func(n int) (value, xml string) // the n-th; %s stands for the stanza's id
	n          int

	mu   sync.Mutex
	deep int
}

func (l *lane) thing() string { return l.room + " " + l.kind }

// newOwner returns the owner of a room of its name, and of one more that it makes and destroys. A room with versions keeps
// those of its affiliations (XEP-0463), and stores its lists together with its configuration.
func (w *estate) newOwner(name string, versions bool) *owner {
	ask := ""
	if versions {
		ask = `<mav xmlns="urn:xmpp:muc:affiliations:1"/>`
	}
	o := w.newMember(name)
	o.Begin = []string{`<presence to="` + address(name) + `/` + name + `"><x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="0"/>` + ask + `</x></presence>`}
	o.lanes = []*lane{
		{room: name, kind: configuration, change: configure(name), deep: deep},
		{room: name, kind: lists, change: affiliate(name), deep: deep},
		{room: name, kind: subject, change: title(name), deep: deep},
		{room: name, kind: hats, change: makeHat(name), deep: deep},
		{room: name, kind: vcard, change: draw(name), deep: deep},
		{room: name + "-life", kind: life, deep: 1},
	}
	return o
}

// newMember returns a client that registers nicks in all rooms.
func (w *estate) newMember(name string) *owner {
	o := &owner{w: w, Client: &keeper.Client{Addr: wire.MustAddr(name + "@a.test/r"), Password: "secret", Dial: w.server.dial}}
	o.Receive, o.Acked = o.receive, o.subjectAcked
	for _, other := range w.owners {
		room := other.Addr.Local()
		o.lanes = append(o.lanes, &lane{room: room, kind: nick, change: register(room), deep: deep})
	}
	return o
}

// begin starts what the lanes do, on a new session.
func (o *owner) begin() {
	for i, l := range o.lanes {
		if l.kind == life {
			o.live(i, l)
		} else {
			o.fill(i, l)
		}
	}
}

// fill has as many changes of a lane under way as there may be.
func (o *owner) fill(i int, l *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !o.w.quiet.Load() && o.w.book.Open(l.thing()) < l.deep {
		l.n++
		value, xml := l.change(l.n)
		o.send(i, l, value, xml)
	}
}

// send writes a change down, and sends it. Its stanza's id is its lane and its number.
func (o *owner) send(i int, l *lane, value, xml string) {
	id := fmt.Sprintf("%d:%d", i, o.w.book.Sent(l.thing(), value))
	st := keeper.Stanza{XML: strings.ReplaceAll(xml, "%s", id)}
	if repeated(l.thing()) {
		st.Key = id
	}
	o.Send(st)
}

// receive takes answers. Nothing that is asked for here may be refused; only the invitations of new members reach nobody.
func (o *owner) receive(st wire.Stanza) {
	switch {
	case st.Type() == "error" && st.Has(nsUser, "x"):
	case st.Type() == "error":
		o.w.book.Complain("%s got an error: %s", o.Addr, st.Append(nil))
	case st.Kind() == wire.KindIQ:
		o.done(st.ID())
	case st.Kind() == wire.KindPresence && strings.HasSuffix(st.From().Local(), "-"+life):
		o.lived(st)
	case st.Has("", "subject") && st.From().Resource() == o.Addr.Local():
		o.done(st.ID()) // its reflection
	}
}

// done takes an acknowledgement, and goes on.
func (o *owner) done(id string) {
	i, l, number := o.find(id)
	if l == nil {
		return
	}
	o.w.book.Acked(l.thing(), number)
	o.w.acknowledged(l.kind)
	if l.kind == life {
		o.live(i, l)
	} else {
		o.fill(i, l)
	}
}

// subjectAcked takes the <a/> for a subject (XEP-0198).
func (o *owner) subjectAcked(id string) { o.done(id) }

func (o *owner) find(id string) (int, *lane, int) {
	at, number, _ := strings.Cut(id, ":")
	i, err := strconv.Atoi(at)
	n, bad := strconv.Atoi(number)
	if err != nil || bad != nil || i >= len(o.lanes) {
		return 0, nil, 0
	}
	return i, o.lanes[i], n
}
