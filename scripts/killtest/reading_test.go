package killtest_test

import (
	"fmt"
	"strings"

	"salon.im/salon/wire"
)

const (
	nsInfo  = "http://jabber.org/protocol/disco#info"
	nsItems = "http://jabber.org/protocol/disco#items"
	nsOwner = "http://jabber.org/protocol/muc#owner"
	nsAdmin = "http://jabber.org/protocol/muc#admin"
)

// found makes the rooms, and says how they are.
func (w *estate) found() {
	w.t.Helper()
	for _, o := range w.owners {
		room := o.Addr.Local()
		w.ask(room, func(a *asker) {
			a.enter(room)
			_, form := configure(room)(0)
			a.must(form)
			a.must(`<iq type="set" id="%s" to="` + address(room) + `"><query xmlns="` + nsAdmin + `"><item jid="max@a.test" affiliation="member"/></query></iq>`)
		})
	}
	for thing, value := range w.read() {
		w.book.Holds(thing, value)
	}
}

// read returns how all things are, as their owners see them.
func (w *estate) read() map[string]string {
	w.t.Helper()
	out := map[string]string{}
	for _, o := range w.owners {
		room := o.Addr.Local()
		w.ask(room, func(a *asker) {
			out[room+" "+configuration] = a.configuration(room)
			out[room+" "+lists], out[room+" "+nick] = a.lists(room)
			out[room+" "+subject] = a.subject(room)
			out[room+" "+hats] = a.hats(room)
			out[room+" "+vcard] = a.vcard(room)
		})
	}
	w.ask("eve", func(a *asker) {
		for _, o := range w.owners {
			room := o.Addr.Local() + "-" + life
			out[room+" "+life] = a.life(room)
		}
	})
	return out
}

func (a *asker) get(room, query string) wire.Stanza {
	a.w.t.Helper()
	return a.must(`<iq type="get" id="%s" to="` + address(room) + `">` + query + `</iq>`)
}

// configuration reads the owner's form, and looks whether service discovery says the same.
func (a *asker) configuration(room string) string {
	a.w.t.Helper()
	q, _ := a.get(room, `<query xmlns="`+nsOwner+`"/>`).Kid(nsOwner, "query")
	x, _ := q.Kid(wire.NSForm, "x")
	form, err := wire.ReadForm(x)
	if err != nil {
		a.w.t.Fatal(err)
	}
	v := map[string]string{}
	for _, name := range fields {
		v[name] = form.Value(name)
	}
	says := func(field, yes, no string) string {
		if v[field] == "1" {
			return yes
		}
		return no
	}
	want := []string{v["muc#roomconfig_roomname"], says("muc#roomconfig_publicroom", "muc_public", "muc_hidden"),
		says("muc#roomconfig_membersonly", "muc_membersonly", "muc_open"), says("muc#roomconfig_moderatedroom", "muc_moderated", "muc_unmoderated"),
		says("muc#roomconfig_passwordprotectedroom", "muc_passwordprotected", "muc_unsecured"), "muc_persistent"}
	got := a.disco(room)
	for _, s := range want {
		if !strings.Contains(got, " "+s+",") {
			a.w.book.Complain("the form of %s says %q, and disco#info says %s", room, s, got)
		}
	}
	if listed, want := a.listed(room), says("muc#roomconfig_publicroom", v["muc#roomconfig_roomname"], absent); listed != want {
		a.w.book.Complain("%s is %q in the list of rooms, want %q", room, listed, want)
	}
	return inOrder(fields, v)
}

// disco returns what disco#info says: the name and the features.
func (a *asker) disco(room string) string {
	a.w.t.Helper()
	var b strings.Builder
	q, _ := a.get(room, `<query xmlns="`+nsInfo+`"/>`).Kid(nsInfo, "query")
	for k := range q.Kids() {
		fmt.Fprintf(&b, " %s%s,", k.Attr("name"), k.Attr("var"))
	}
	return b.String()
}

// listed returns under which name the service lists the room.
func (a *asker) listed(room string) string {
	a.w.t.Helper()
	q, _ := a.must(`<iq type="get" id="%s" to="conference.a.test"><query xmlns="`+nsItems+`"/></iq>`).Kid(nsItems, "query")
	for k := range q.Kids() {
		if k.Attr("jid") == address(room) {
			return k.Attr("name")
		}
	}
	return absent
}

// lists reads the lists of affiliations (XEP-0045 §9, §10), and the nick that is kept for max.
func (a *asker) lists(room string) (list, nick string) {
	a.w.t.Helper()
	v := map[string]string{}
	for _, p := range people {
		v[p] = "none"
	}
	for _, affiliation := range []string{"owner", "admin", "member", "outcast"} {
		q, _ := a.get(room, `<query xmlns="`+nsAdmin+`"><item affiliation="`+affiliation+`"/></query>`).Kid(nsAdmin, "query")
		for it := range q.Kids() {
			jid, why := it.Attr("jid"), ""
			if reason, ok := it.Kid(nsAdmin, "reason"); ok {
				why = ", " + reason.Text()
			}
			switch is, known := v[jid]; {
			case jid == "max@a.test":
				nick = it.Attr("nick")
			case jid == a.Addr.Bare().String():
			case !known || is != "none":
				a.w.book.Complain("%s is %q and %q in %s", jid, is, affiliation, room)
			default:
				v[jid] = affiliation + why
			}
		}
	}
	return inOrder(people, v), nick
}

// subject reads the subject as who enters sees it (XEP-0045 §7.2.15), and looks whether disco#info says the same: of a room that
// is not for everyone nothing (§14.4).
func (a *asker) subject(room string) string {
	a.w.t.Helper()
	if st := a.enter(room); st.Type() == "error" {
		a.w.t.Fatalf("%s cannot enter: %s", a.Addr, st.Append(nil))
	}
	st := a.await("the subject of "+room, func(st wire.Stanza) bool { return st.Has("", "subject") && !st.Has("", "body") })
	k, _ := st.Kid("", "subject")
	a.leave(room)
	q, _ := a.get(room, `<query xmlns="`+nsInfo+`"/>`).Kid(nsInfo, "query")
	x, _ := q.Kid(wire.NSForm, "x")
	told := k.Text()
	if what := a.disco(room); strings.Contains(what, " muc_membersonly,") || strings.Contains(what, " muc_passwordprotected,") {
		told = ""
	}
	if form, err := wire.ReadForm(x); err != nil || form.Value("muc#roominfo_subject") != told {
		a.w.book.Complain("the subject of %s is %q, and disco#info says %q, %v", room, k.Text(), form.Value("muc#roominfo_subject"), err)
	}
	return k.Text()
}

// hats reads the title of the hat (XEP-0317 §3.4).
func (a *asker) hats(room string) (title string) {
	a.w.t.Helper()
	c, _ := a.must(`<iq type="set" id="%s" to="`+address(room)+`"><command xmlns="http://jabber.org/protocol/commands" node="urn:xmpp:hats:commands:list"/></iq>`).
		Kid("http://jabber.org/protocol/commands", "command")
	x, _ := c.Kid(wire.NSForm, "x")
	item, _ := x.Kid(wire.NSForm, "item")
	for f := range item.Kids() {
		if v, ok := f.Kid(wire.NSForm, "value"); ok && f.Attr("var") == "hats#title" {
			title = v.Text()
		}
	}
	return title
}

// vcard reads the name in the vCard (XEP-0486).
func (a *asker) vcard(room string) string {
	a.w.t.Helper()
	card, _ := a.get(room, `<vCard xmlns="vcard-temp"/>`).Kid("vcard-temp", "vCard")
	name, _ := card.Kid("vcard-temp", "FN")
	return name.Text()
}

// life finds out as a stranger how a room is.
func (a *asker) life(room string) string {
	a.w.t.Helper()
	info := a.iq(`<iq type="get" id="%s" to="` + address(room) + `"><query xmlns="` + nsInfo + `"/></iq>`)
	if q, ok := info.Kid(nsInfo, "query"); ok && info.Type() == "result" {
		id, _ := q.Kid(nsInfo, "identity")
		return "there " + id.Attr("name")
	}
	st := a.enter(room)
	if st.Type() != "error" {
		a.leave(room)
		return absent
	}
	e, _ := st.Kid("", "error")
	text, _ := e.Kid("urn:ietf:params:xml:ns:xmpp-stanzas", "text")
	return "destroyed" + strings.TrimPrefix(text.Text(), "The room was destroyed. Reason:")
}
