package muc_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// follow joins the room, or again, with a version; "" asks for all.
func (p *person) follow(nick, since string) []string {
	p.w.t.Helper()
	if since != "" {
		since = ` since='` + since + `'`
	}
	p.say(`<presence to='` + roomJID + `/` + nick + `'><x xmlns='http://jabber.org/protocol/muc'><mav xmlns='urn:xmpp:muc:affiliations:1'` + since + `/></x></presence>`)
	return p.sync()
}

var versionPattern = regexp.MustCompile(`<mav [^>]*until="([^"]*)"`)

// lastVersion is the newest version in what came.
func (w *world) lastVersion(got []string) string {
	w.t.Helper()
	all := versionPattern.FindAllStringSubmatch(strings.Join(got, "\n"), -1)
	if len(all) == 0 {
		w.t.Fatalf("no version in\n%s", strings.Join(got, "\n"))
	}
	return all[len(all)-1][1]
}

func (p *person) relate(items ...string) []string {
	p.w.t.Helper()
	var b strings.Builder
	for _, it := range items {
		who, value, _ := strings.Cut(it, "=")
		b.WriteString(`<item jid='` + who + `' affiliation='` + value + `'/>`)
	}
	return p.adminSet(b.String())
}

// XEP-0463 §5.2.1: a room remembers so many changes; who knows an older version is sent all.
func TestVersionsBounded(t *testing.T) {
	w := newWorld(t)
	anna := w.dial("anna")
	anna.instant("A")
	anna.configure("persistentroom=1")
	first := w.lastVersion(anna.follow("A", ""))
	kept := w.lastVersion(anna.relate("u@x.test=member"))
	for i := range 50 {
		anna.relate("u@x.test=admin", "u@x.test=member")
		if i == 0 {
			w.want(anna.follow("A", first), `since="`+first, `jid="u@x.test"`)
		}
	}
	last := w.lastVersion(anna.relate("v@x.test=member")) // the log is cut before it grows
	w.want(anna.follow("A", kept), `since="`+kept, `until="`+last, `jid="v@x.test"`)
	w.wantNot(anna.follow("A", kept), `jid="u@x.test"`) // it is what it was
	got := anna.follow("A", first)
	w.want(got, "<message", `until="`+last, `jid="u@x.test"`, `jid="v@x.test"`, `jid="anna@`)
	w.wantNot(got, `since="`+first)
	rec, err := w.rooms.Room(w.ctx, wire.MustAddr(roomJID))
	if n := strings.Count(string(rec.Config), `"v":`); err != nil || n > 101 {
		t.Errorf("%d changes are stored, %v", n, err)
	}
}

// XEP-0463 §5.2.1: a long list comes in messages whose versions meet.
func TestLongListIsSplit(t *testing.T) {
	w := newWorld(t)
	anna := w.dial("anna")
	anna.instant("A")
	var items []string
	for i := range 1000 {
		items = append(items, fmt.Sprintf("u%d@x.test=member", i))
	}
	anna.relate(items...)
	got := anna.follow("A", "")
	pair := regexp.MustCompile(`<mav ([^>]*)/>`)
	n, until := 0, ""
	for _, s := range got {
		if !strings.HasPrefix(s, "<message") || !strings.Contains(s, "<mav") {
			continue
		}
		n++
		if m := pair.FindStringSubmatch(s); until != "" && !strings.Contains(m[1], `since="`+until+`"`) || until == "" && strings.Contains(m[1], "since=") {
			t.Errorf("message %d has %s behind version %q", n, m[1], until)
		}
		until = w.lastVersion([]string{s})
	}
	if all := strings.Count(strings.Join(got, ""), "@x.test\""); n != 3 || all != 1000 || until != w.lastVersion(got) {
		t.Errorf("%d messages with %d items lead to %q, not %q", n, all, until, w.lastVersion(got))
	}
}

// What no presence tells is told to those who follow in a message, and the versions meet: members by invitation and by token,
// occupants whose presence is not shown.
func TestFollowersMissNothing(t *testing.T) {
	w := newWorld(t)
	anna := w.dial("anna")
	anna.instant("A")
	anna.configure("membersonly=1")
	v := w.lastVersion(anna.follow("A", ""))
	step := func(got []string, parts ...string) {
		t.Helper()
		next := w.lastVersion(got)
		w.want(got, append(parts, `since="`+v+`" until="`+next+`"`)...)
		v = next
	}
	anna.say(`<message to='` + roomJID + `'><x xmlns='http://jabber.org/protocol/muc#user'><invite to='bert@` + host + `'/></x></message>`)
	step(anna.sync(), "<message", `affiliation="member"`, `jid="bert@`+host)
	token := anna.token("")
	w.dial("cleo").enterWith("C", token)
	step(anna.sync(), "<message", `affiliation="member"`, `jid="cleo@`+host)
	w.dial("bert").enter("B")
	anna.configure("presencebroadcast=moderator")
	anna.sync()
	step(anna.relate("bert@"+host+"=none"), "<message", `affiliation="none"`, `jid="bert@`+host)
	if got := anna.relate("dora@" + host + "=none"); has(got, "<mav") {
		t.Error("a version for no change:", got)
	}
	step(anna.relate("dora@"+host+"=member"), `affiliation="member"`, `jid="dora@`+host)
	if got := anna.relate("dora@" + host + "=member"); has(got, "<mav") {
		t.Error("an old version for no change:", got)
	}
	w.wantNot(anna.follow("A", v), "<message", "<mav")
}

// Who is inside and follows is told of itself once, by its presence, also where others do not see that; who goes with a domain
// goes without a version, which is the domain's; and who was banned at a version has it from somebody else (XEP-0463 §6).
func TestFollowersAreToldOnce(t *testing.T) {
	w := newWorld(t)
	anna, bert := w.dial("anna"), w.dial("bert")
	anna.instant("A")
	anna.configure("whois=anyone")
	anna.configure("presencebroadcast=moderator")
	bert.follow("B", "")
	anna.follow("A", "")
	anna.relate("bert@" + host + "=member")
	got := bert.sync()
	w.want(got, "<presence", "<mav", `since=`, `affiliation="member"`)
	w.wantNot(got, "<message", "<mav")
	anna.relate("bert@" + host + "=none")
	anna.configure("presencebroadcast=participant")
	anna.follow("A", "")
	bert.enter("B")
	anna.sync()
	got = anna.relate(host + "=outcast")
	w.want(got, "<message", "<mav", "since=", `affiliation="outcast" jid="`+host+`"`)
	w.want(got, "unavailable", "/B", `affiliation="outcast"`)
	w.wantNot(got, "unavailable", "<mav")
	v := w.lastVersion(anna.relate(host+"=none", "bert@"+host+"=outcast"))
	anna.relate("bert@" + host + "=none")
	w.want(bert.follow("B", v), "<message", `type="error"`, "forbidden")
}

// Of an account that is deleted no version keeps the address, whether the room is in memory or not.
func TestVersionsForget(t *testing.T) {
	for _, live := range []bool{true, false} {
		w := newWorld(t)
		anna := w.dial("anna")
		anna.instant("A")
		anna.configure("persistentroom=1")
		bert := wire.MustAddr("bert@" + host)
		anna.follow("A", "")
		v := w.lastVersion(anna.relate("bert@" + host + "=member"))
		if !live {
			w.stop()
		}
		if err := w.rooms.PutAffiliations(w.ctx, wire.MustAddr(roomJID), []storage.Affiliation{{Addr: bert, Value: "none"}}); err != nil {
			t.Fatal(err)
		}
		if live {
			w.muc.Forget(bert)
			w.want(anna.sync(), `since="`+v, `affiliation="none"`, `jid="bert@`)
		} else {
			w.start()
			anna = w.dial("anna")
		}
		got := anna.follow("A", v)
		w.want(got, "<message", "<mav", `jid="anna@`)
		w.wantNot(got, "since=")
		w.wantNot(got, "bert@")
		rec, err := w.rooms.Room(w.ctx, wire.MustAddr(roomJID))
		if err != nil || strings.Contains(string(rec.Config), "bert") {
			t.Errorf("live %v: %s, %v", live, rec.Config, err)
		}
	}
}
