package killtest_test

import (
	"fmt"

	"salon.im/salon/wire"
)

// The life of a room that its owner makes (XEP-0045 §10.1) and destroys (§10.9), again and again. It is absent, or there under
// some name, or was destroyed for some reason: the tombstone keeps strangers from making it.

const absent = "absent"

func there(n int) string     { return fmt.Sprint("there as ", n) }
func destroyed(n int) string { return fmt.Sprint("destroyed for ", n) }

// live does the next step, as far as the book says how it is.
func (o *owner) live(i int, l *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	is := o.w.book.Last(l.thing())
	switch {
	case is == there(l.n):
		o.send(i, l, destroyed(l.n), fmt.Sprintf(`<iq type="set" id="%%s" to="%s"><query xmlns="http://jabber.org/protocol/muc#owner"><destroy><reason>for %d</reason></destroy></query></iq>`,
			address(l.room), l.n))
	case !o.w.quiet.Load():
		// A room without configuration is not promised to anybody, nor is what was destroyed kept from now on. The step is
		// acknowledged with the next one.
		o.send(i, l, absent, `<presence to="`+address(l.room)+`/`+o.Addr.Local()+`"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
	}
}

// lived takes a presence of the room.
func (o *owner) lived(st wire.Stanza) {
	for i, l := range o.lanes {
		x, _ := st.Kid(nsUser, "x")
		if l.room != st.From().Local() {
			continue
		}
		if _, ok := x.Kid("", "destroy"); ok {
			o.w.book.AckedAll(l.thing()) // who sees this knows that it is over, before the answer
			o.w.acknowledged(l.kind)
		} else if hasStatus(x, "201") {
			l.mu.Lock()
			l.n++
			o.send(i, l, there(l.n), submitted(l.room, map[string]string{"muc#roomconfig_roomname": fmt.Sprint("as ", l.n)}))
			l.mu.Unlock()
		}
	}
}

func hasStatus(x wire.Kid, code string) bool {
	for k := range x.Kids() {
		if k.Is(nsUser, "status") && k.Attr("code") == code {
			return true
		}
	}
	return false
}
