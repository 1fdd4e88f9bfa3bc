package muc_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"salon.im/salon/wire"
)

var tokenPattern = regexp.MustCompile(`<token[^>]*>([^<]*)</token>`)

// token asks for a token, "" if there is none. attrs are the limits.
func (p *person) token(attrs string) string {
	p.w.t.Helper()
	p.say(`<iq type='set' id='t' to='` + roomJID + `'><request xmlns='urn:xmpp:muc-token-invite:0' ` + attrs + `/></iq>`)
	if m := tokenPattern.FindStringSubmatch(strings.Join(p.sync(), "\n")); m != nil {
		return m[1]
	}
	return ""
}

// enterWith joins the room with a password.
func (p *person) enterWith(nick, password string) []string {
	p.w.t.Helper()
	p.say(`<presence to='` + roomJID + `/` + nick + `'><x xmlns='http://jabber.org/protocol/muc'><password>` + password + `</password></x></presence>`)
	return p.sync()
}

// XEP-0488 §3.3, §3.5: a token ends by its time, which lists count down.
func TestTokenEnds(t *testing.T) {
	now := time.Now()
	w := newWorld(t, func(w *world) { w.now = func() time.Time { return now } })
	anna := w.dial("anna")
	anna.instant("A")
	anna.configure("membersonly=1")
	token := anna.token("delay='60'")
	list := func() []string {
		anna.say(`<iq type='get' id='l' to='` + roomJID + `'><tokens xmlns='urn:xmpp:muc-token-invite:0'/></iq>`)
		return anna.sync()
	}
	now = now.Add(59*time.Second + time.Millisecond)
	w.want(list(), `delay="1"`, token)
	w.want(w.dial("bert").enterWith("B", token), `affiliation="member"`, "/B")
	now = now.Add(time.Second)
	w.want(w.dial("cleo").enterWith("C", token), "not-authorized", "expired-token")
	w.wantNot(list(), "<token ")
}

// A room has so many tokens, and an account so many; those that are over make room for others.
func TestTokensBounded(t *testing.T) {
	now := time.Now()
	w := newWorld(t, func(w *world) { w.now = func() time.Time { return now } })
	anna := w.dial("anna")
	anna.instant("A")
	anna.configure("membersonly=1")
	anna.configure("allowinvites=1")
	seen := map[string]bool{}
	for n := range 5 {
		who := fmt.Sprintf("u%d", n)
		anna.member(who)
		p := w.dial(who)
		for range 20 {
			token := p.token("delay='60'")
			if len(token) < 26 || seen[token] {
				t.Fatalf("token %q", token)
			}
			seen[token] = true
		}
		if token := p.token(""); token != "" {
			t.Error("a token too many of one account")
		}
	}
	if token := anna.token(""); token != "" {
		t.Error("a token too many")
	}
	now = now.Add(time.Minute)
	if token := anna.token(""); token == "" {
		t.Error("tokens that are over count")
	}
}

// The store has no token in the clear, nor those of who is no member any more.
func TestTokensStored(t *testing.T) {
	w := newWorld(t)
	anna := w.dial("anna")
	anna.instant("A")
	anna.configure("persistentroom=1")
	anna.configure("membersonly=1")
	anna.configure("allowinvites=1")
	anna.member("bert")
	token := w.dial("bert").token("")
	stored := func() string {
		rec, err := w.rooms.Room(w.ctx, wire.MustAddr(roomJID))
		if err != nil {
			t.Fatal(err)
		}
		return string(rec.Config)
	}
	if s := stored(); token == "" || strings.Contains(s, token) || !strings.Contains(s, "bert@") {
		t.Errorf("token %q: %s", token, s)
	}
	anna.member("dora")
	w.dial("dora").token("")
	w.want([]string{stored()}, "dora@")
	anna.relate("dora@" + host + "=none")
	w.wantNot([]string{stored()}, "dora@")
	w.muc.Forget(wire.MustAddr("bert@" + host))
	anna.sync()
	if s := stored(); strings.Contains(s, "bert@") {
		t.Error(s)
	}
	w.want(w.dial("cleo").enterWith("C", token), "expired-token")
}

// XEP-0488 §3.5, §7: a token works in an open room too, also for who is in already; there members issue none, and whose rights
// end with the configuration has no valid ones.
func TestTokenInOpenRoom(t *testing.T) {
	w := newWorld(t)
	anna, bert := w.dial("anna"), w.dial("bert")
	anna.instant("A")
	anna.configure("allowinvites=1")
	anna.configure("moderatedroom=1")
	w.want(bert.enter("B"), `affiliation="none"`, `role="visitor"`)
	if bert.token("") != "" {
		t.Error("somebody without affiliation has a token")
	}
	token := anna.token("counter='1'")
	anna.sync()
	w.want(bert.enterWith("B", token), "/B", `affiliation="member"`, `role="participant"`)
	w.want(anna.sync(), "/B", `affiliation="member"`, `role="participant"`)
	if bert.token("") != "" {
		t.Error("a member has a token that gives a voice")
	}
	w.want(w.dial("cleo").enterWith("C", token), "/C", `affiliation="none"`)
	anna.configure("membersonly=1")
	token = bert.token("")
	anna.configure("allowinvites=0")
	w.want(w.dial("dora").enterWith("D", token), "expired-token")
	anna.configure("allowinvites=1")
	w.want(w.dial("dora").enterWith("D", token), "/D", `affiliation="member"`)
}

// A join that is refused for another reason uses up nothing and makes nobody a member.
func TestTokenIsNotWasted(t *testing.T) {
	w := newWorld(t)
	anna, bert := w.dial("anna"), w.dial("bert")
	anna.instant("A")
	anna.configure("membersonly=1")
	token := anna.token("counter='1'")
	w.want(bert.enterWith("A", token), "conflict")
	w.want(bert.enter("B"), "registration-required")
	w.want(bert.enterWith("B", token), "/B", `affiliation="member"`)
	anna.configure("passwordprotectedroom=1", "roomsecret=open")
	w.want(w.dial("cleo").enterWith("C", token), "registration-required") // it may have been the password
}
