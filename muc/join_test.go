package muc_test

import (
	"fmt"
	"strings"
	"testing"

	"salon.im/salon/config"
	"salon.im/salon/muc"
)

const joinX = `<x xmlns='http://jabber.org/protocol/muc'/>`

// XEP-0045 §7.2.5-7.2.10: why somebody may not enter, and with which error.
func TestJoinRefused(t *testing.T) {
	for name, c := range map[string]struct {
		setup func(w *world, anna *person)
		nick  string
		x     string
		want  []string
	}{
		"7.2.1 no nick":          {nick: "", want: []string{"jid-malformed", `type="modify"`}},
		"7.2.1 blank nick":       {nick: "/ ", want: []string{"jid-malformed"}},
		"7.2.1 long nick":        {nick: "/" + strings.Repeat("n", muc.MaxNickBytes+1), want: []string{"not-acceptable"}},
		"7.2.5 no password":      {setup: password, nick: "/B", want: []string{"not-authorized", `type="auth"`}},
		"7.2.5 wrong password":   {setup: password, nick: "/B", x: passwordX("wrong"), want: []string{"not-authorized", `type="auth"`}},
		"7.2.6 members only":     {setup: func(_ *world, a *person) { a.configure("membersonly=1") }, nick: "/B", want: []string{"registration-required", `type="auth"`}},
		"7.2.7 banned":           {setup: func(_ *world, a *person) { a.affiliate("ben@"+host, "outcast") }, nick: "/B", want: []string{"forbidden", `type="auth"`}},
		"7.2.7 domain banned":    {setup: func(_ *world, a *person) { a.affiliate(host, "outcast") }, nick: "/B", want: []string{"forbidden"}},
		"7.2.8 nick taken":       {nick: "/A", want: []string{"conflict", `type="cancel"`}},
		"7.2.8 nick reserved":    {setup: func(_ *world, a *person) { a.affiliate("carl@"+host+"' nick='C", "member") }, nick: "/C", want: []string{"conflict"}},
		"7.2.9 full":             {setup: func(_ *world, a *person) { a.configure("maxusers=1") }, nick: "/B", want: []string{"service-unavailable", `type="wait"`}},
		"7.2.9 full for all":     {setup: func(w *world, _ *person) { w.reconfigure(func(c *config.Config) { c.Rooms.MaxOccupants = 1 }) }, nick: "/B", want: []string{"service-unavailable"}},
		"too many rooms at once": {setup: func(w *world, _ *person) { w.reconfigure(func(c *config.Config) { c.Rooms.PerUser = 0 }) }, nick: "/B", want: []string{"resource-constraint"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			anna, ben := w.dial("anna"), w.dial("ben")
			anna.instant("A")
			if c.setup != nil {
				c.setup(w, anna)
			}
			x := c.x
			if x == "" {
				x = joinX
			}
			ben.say(`<presence id='j' to='` + roomJID + c.nick + `'>` + x + `</presence>`)
			got := ben.sync()
			w.want(got, append(c.want, `type="error"`, `id="j"`, `<x xmlns='http://jabber.org/protocol/muc'`)...)
			w.wantNot(got, `code="110"`)
			w.wantNot(anna.sync(), `/B`)
		})
	}
}

func password(_ *world, a *person) { a.configure("passwordprotectedroom=1", "roomsecret=sesame") }

func passwordX(p string) string {
	return `<x xmlns='http://jabber.org/protocol/muc'><password>` + p + `</password></x>`
}

// affiliate asks for an affiliation and returns the answer.
func (p *person) affiliate(jid, value string) []string {
	p.w.t.Helper()
	return p.adminSet(`<item affiliation='` + value + `' jid='` + jid + `'><reason>because</reason></item>`)
}

func (p *person) adminSet(items string) []string {
	p.w.t.Helper()
	p.say(`<iq type='set' id='adm' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#admin'>` + items + `</query></iq>`)
	return p.sync()
}

func (p *person) adminGet(item string) []string {
	p.w.t.Helper()
	p.say(`<iq type='get' id='adm' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#admin'>` + item + `</query></iq>`)
	return p.sync()
}

// XEP-0045 §7.2.5: the right password opens; an owner needs none.
func TestPassword(t *testing.T) {
	w := newWorld(t)
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.instant("A")
	password(w, anna)
	ben.say(`<presence to='` + roomJID + `/B'>` + passwordX("sesame") + `</presence>`)
	w.want(ben.sync(), `code="110"`)
	phone := w.dial("anna/phone")
	w.want(phone.enter("A"), `code="110"`)
	anna.say(`<iq type='get' id='f' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#owner'/></iq>`)
	w.want(anna.sync(), `roomsecret`, `sesame`)
	w.want(anna.configure("passwordprotectedroom=1", "roomsecret="), `not-acceptable`) // §10.1.3
	w.want(anna.configure("passwordprotectedroom=0"), `id="cfg"`, `type="result"`)
	w.want(w.dial("carl").enter("C"), `code="110"`)
}

// XEP-0045 §7.2.9: owners and admins enter a room that is full.
func TestFullRoomTakesAdmins(t *testing.T) {
	w := newWorld(t)
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.instant("A")
	anna.configure("maxusers=1")
	anna.affiliate("ben@"+host, "admin")
	w.want(ben.enter("B"), `code="110"`)
	w.want(w.dial("anna/phone").enter("A"), `code="110"`) // a second session is no second occupant
}

// XEP-0045 §7.2.9: in a room that is as full as the service lets it be they have a few places of their own, and no more.
func TestFullServiceTakesAdmins(t *testing.T) {
	w := newWorld(t)
	anna := w.dial("anna")
	anna.instant("A")
	for i := range muc.AdminPlaces + 1 {
		anna.affiliate(fmt.Sprintf("admin%d@%s", i, host), "admin")
	}
	w.reconfigure(func(c *config.Config) { c.Rooms.MaxOccupants = 1 })
	w.want(w.dial("ben").enter("B"), `service-unavailable`)
	for i := range muc.AdminPlaces {
		w.want(w.dial(fmt.Sprintf("admin%d", i)).enter(fmt.Sprintf("N%d", i)), `code="110"`)
	}
	w.want(w.dial(fmt.Sprintf("admin%d", muc.AdminPlaces)).enter("N"), `service-unavailable`)
}

// XEP-0045 §10.1: rooms.create.
func TestWhoMayCreate(t *testing.T) {
	for i, c := range []struct {
		create config.Create
		who    string
		ok     bool
	}{
		0: {config.CreateLocal, "anna", true},
		1: {config.CreateAnyone, "anna", true},
		2: {config.CreateAdmins, "anna", false},
		3: {config.CreateAdmins, "root", true},
	} {
		w := newWorld(t, func(w *world) {
			w.cfg.Rooms.Create = c.create
			w.cfg.Admins = []string{"root@" + host}
		})
		p := w.dial(c.who)
		got := p.enter("X")
		if has(got, `code="201"`) != c.ok || has(got, `not-allowed`) == c.ok {
			t.Errorf("%d: %q", i, got)
		}
	}
}

// XEP-0045 §7.2.3, §7.2.4: in a semi-anonymous room only moderators see addresses; a non-anonymous one warns (100).
func TestWhois(t *testing.T) {
	w := newWorld(t)
	anna, ben, carl := w.dial("anna"), w.dial("ben"), w.dial("carl")
	anna.instant("A")
	ben.enter("B")
	anna.sync()
	got := carl.enter("C")
	w.wantNot(got, `anna@`)
	w.wantNot(got, `ben@`)
	w.wantNot(got, `code="100"`)
	w.want(anna.sync(), `/C`, `jid="carl@example.test/home"`)
	w.wantNot(ben.sync(), `carl@`)
	anna.configure("whois=anyone")
	w.want(ben.sync(), `code="172"`, `type="groupchat"`)
	got = w.dial("dora").enter("D")
	w.want(got, `jid="anna@example.test/home"`)
	w.want(got, `code="110"`, `code="100"`)
	anna.configure("whois=moderators")
	w.want(ben.sync(), `code="173"`)
}

// §8: who becomes moderator is shown the addresses.
func TestModeratorLearnsAddresses(t *testing.T) {
	w := newWorld(t)
	anna, ben, carl := w.dial("anna"), w.dial("ben"), w.dial("carl")
	anna.instant("A")
	ben.enter("B")
	carl.enter("C")
	ben.sync()
	anna.adminSet(`<item nick='B' role='moderator'/>`)
	got := ben.sync()
	w.want(got, `role="moderator"`, `code="110"`)
	w.want(got, `/C`, `jid="carl@example.test/home"`)
}

// XEP-0045 §7.2.17: a presence update from who is not in is answered with an explicit kick.
func TestStrangerIsKicked(t *testing.T) {
	w := newWorld(t)
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.instant("A")
	ben.say(`<presence to='` + roomJID + `/B'><show>away</show></presence>`)
	w.want(ben.sync(), `type="unavailable"`, `/B"`, `code="110"`, `code="307"`, `code="333"`)
	w.wantNot(anna.sync(), `/B`)
}

// §7.2.1: a session that joins again is sent everything again.
func TestRejoin(t *testing.T) {
	w := newWorld(t)
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.instant("A")
	ben.enter("B")
	anna.talk("one")
	anna.sync()
	ben.sync()
	got := ben.enter("B")
	for _, part := range []string{`/A`, `code="110"`, `<body>one</body>`, `<subject`} {
		w.want(got, part)
	}
	anna.sync()
	anna.talk("two")
	anna.sync()
	w.want(ben.sync(), `<body>two</body>`)
	if n := w.muc.Stats.Occupants.Load(); n != 2 {
		t.Error("sessions in rooms:", n)
	}
}

// Several sessions of one account share a nick: all get everything, others see one occupant until the last leaves.
func TestSessionsShareNick(t *testing.T) {
	w := newWorld(t)
	anna, desk, phone := w.dial("anna"), w.dial("ben/desk"), w.dial("ben/phone")
	anna.instant("A")
	desk.enter("B")
	anna.sync()
	w.want(phone.enter("B"), `/B`, `code="110"`)
	w.want(anna.sync(), `/B`, `jid="ben@example.test/phone"`)
	desk.sync()
	phone.talk("hi")
	w.want(phone.sync(), `<body>hi</body>`)
	w.want(desk.sync(), `<body>hi</body>`)
	phone.say(`<presence type='unavailable' to='` + roomJID + `/B'/>`)
	w.want(phone.sync(), `type="unavailable"`, `code="110"`)
	got := anna.sync()
	w.wantNot(got, `type="unavailable"`)
	w.want(got, `/B`, `jid="ben@example.test/desk"`)
	w.router.Unbind(w.ctx, desk.res)
	w.want(anna.sync(), `/B`, `type="unavailable"`)
}

// XEP-0045 §7.6.
func TestChangeNick(t *testing.T) {
	w := newWorld(t)
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.instant("A")
	ben.enter("B")
	anna.sync()
	ben.say(`<presence to='` + roomJID + `/A'/>`)
	w.want(ben.sync(), `type="error"`, `conflict`)
	ben.say(`<presence to='` + roomJID + `/Benny'/>`)
	for _, p := range []*person{ben, anna} {
		got := p.sync()
		gone := index(got, `hall@rooms.example.test/B"`, `type="unavailable"`, `code="303"`, `nick="Benny"`)
		here := index(got, `hall@rooms.example.test/Benny"`, `role="participant"`)
		if gone < 0 || here < gone {
			t.Errorf("%s: %q", p.addr, got)
		}
	}
	ben.talk("hi")
	ben.sync()
	w.want(anna.sync(), `from="hall@rooms.example.test/Benny"`)
	w.want(w.dial("carl").enter("B"), `code="110"`)
}

// With another session under the old nick, that nick stays.
func TestChangeNickOfOneSession(t *testing.T) {
	w := newWorld(t)
	anna, desk, phone := w.dial("anna"), w.dial("ben/desk"), w.dial("ben/phone")
	anna.instant("A")
	desk.enter("B")
	phone.enter("B")
	anna.sync()
	phone.say(`<presence to='` + roomJID + `/P'/>`)
	w.want(phone.sync(), `/B"`, `type="unavailable"`, `code="303"`, `code="110"`)
	got := anna.sync()
	w.wantNot(got, `type="unavailable"`)
	w.want(got, `/P"`)
	desk.say(`<presence type='unavailable' to='` + roomJID + `/B'/>`)
	desk.sync()
	w.want(anna.sync(), `/B"`, `type="unavailable"`)
}

// muc#roomconfig_presencebroadcast: others see only the roles that are told; everyone sees itself.
func TestPresenceBroadcast(t *testing.T) {
	w, anna, ben, carl := three(t)
	w.want(anna.configure("presencebroadcast=moderator"), `type="result"`, `id="cfg"`)
	got := carl.sync()
	w.want(got, `/B"`, `type="unavailable"`)
	w.wantNot(got, `/A"`)
	got = w.dial("dora").enter("D")
	w.want(got, `/A"`)
	w.want(got, `/D"`, `code="110"`)
	w.wantNot(got, `/B"`)
	if got := ben.sync(); has(got, `/D"`) {
		t.Errorf("%q", got)
	}
	anna.adminSet(`<item nick='B' role='moderator'/>`)
	w.want(carl.sync(), `/B"`, `role="moderator"`)
	anna.adminSet(`<item nick='B' role='participant'/>`)
	w.want(carl.sync(), `/B"`, `type="unavailable"`)
	w.want(ben.sync(), `/B"`, `role="participant"`, `code="110"`)
	ben.say(`<presence type='unavailable' to='` + roomJID + `/B'/>`)
	ben.sync()
	w.wantNot(carl.sync(), `/B"`)
	carl.talk("seen or not")
	w.want(carl.sync(), `seen or not`)
	anna.configure("whois=anyone") // a form without the field leaves it as it is
	w.wantNot(carl.sync(), `/D"`)
}
