package muc_test

import (
	"fmt"
	"strings"
	"testing"

	"salon.im/salon/muc"
	"salon.im/salon/wire"
)

func (p *person) role(nick, role string) {
	p.w.t.Helper()
	p.w.want(p.adminSet(`<item nick='`+nick+`' role='`+role+`'/>`), `type="result"`)
}

// XEP-0045 §5.1: who rises, is banned or has the account deleted is not remembered as without voice.
func TestVoiceIsForgotten(t *testing.T) {
	w := newWorld(t)
	anna := w.dial("anna")
	anna.instant("A")
	anna.configure("persistentroom=1")
	for who, then := range map[string]func(){
		"risen":  func() { anna.adminSet(`<item affiliation='member' jid='risen@` + host + `'/>`) },
		"banned": func() { anna.adminSet(`<item affiliation='outcast' jid='banned@` + host + `'/>`) },
		"gone":   func() { w.muc.Forget(wire.MustAddr("gone@" + host)) },
	} {
		p := w.dial(who)
		p.enter(who)
		anna.role(who, "visitor")
		p.leave(who)
		w.want(p.enter(who), `role="visitor"`, `/`+who)
		p.leave(who)
		then()
		anna.adminSet(`<item affiliation='none' jid='` + who + `@` + host + `'/>`)
		w.want(p.enter(who), `role="participant"`, `/`+who)
		rec, err := w.store.Room(w.ctx, wire.MustAddr(roomJID))
		if err != nil || strings.Contains(string(rec.Config), who) {
			t.Errorf("%s: stored is %s, %v", who, rec.Config, err)
		}
	}
}

// Whoever comes as many accounts is not remembered without bound, and the newest are.
func TestVoicesBound(t *testing.T) {
	w := newWorld(t)
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.instant("A")
	anna.configure("moderatedroom=1")
	for i := range muc.MaxVoices + 1 {
		who := fmt.Sprint("u", i)
		p := w.dial(who)
		p.enter(who)
		anna.role(who, "participant")
		p.leave(who)
		anna.sync()
	}
	w.want(w.dial("u0").enter("x0"), `role="visitor"`, `/x0`)
	for _, who := range []string{"u1", fmt.Sprint("u", muc.MaxVoices)} {
		w.want(w.dial(who+"/again").enter(who), `role="participant"`, `/`+who)
	}
	w.want(ben.enter("B"), `role="visitor"`, `/B`)
}

// A role that could not be stored is not changed.
func TestVoiceThatIsNotStored(t *testing.T) {
	f := &brittle{}
	w := newWorld(t, func(w *world) { f.Rooms = w.rooms; w.rooms = f })
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.instant("A")
	anna.configure("persistentroom=1")
	ben.enter("B")
	f.broken.Store(true)
	w.want(anna.adminSet(`<item nick='B' role='visitor'/>`), `type="error"`)
	f.broken.Store(false)
	ben.talk("I have voice")
	w.want(ben.sync(), "I have voice", "groupchat")
}
