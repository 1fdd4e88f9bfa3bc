package muc_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"salon.im/salon/muc"
)

// UTS #39 §4, for Latin, Greek and Cyrillic letters and digits.
func TestLookalikes(t *testing.T) {
	for i, c := range []struct {
		a, b string
		like bool
	}{
		0:  {"Alice", "Alice", true},
		1:  {"Alice", "ALICE", true},
		2:  {"Alice", "А1ісе", true}, // Cyrillic but for the digit
		3:  {"Alice", "AIice", true}, // a capital i
		4:  {"Alice", "A|ice", true},
		5:  {"Alice", "Ａｌｉｃｅ", true}, // fullwidth
		6:  {"Alice", "𝓐𝓵𝓲𝓬𝓮", true},
		7:  {"Alice", "ᴀʟɪᴄᴇ", true},
		8:  {"Alice", "Al\u200dice", true},
		9:  {"Alice", "Alice\ufe0f", true},
		10: {"Alice", "Alı\u0307ce", true},
		11: {"Alice", " Alice\u00a0 ", true},
		12: {"Bob", "В0Ь", true},
		13: {"Bob", "ΒοЬ", true},
		14: {"Nina", "Νίnа", false}, // a mark counts
		15: {"Nina", "Νιnа", true},  // a capital nu
		16: {"Vova", "νοvа", true},  // a small nu
		17: {"Νίκη", "νίκη", true},  // Greek, in either case
		18: {"Нина", "нина", true},
		19: {"Tom", "Torn", true},
		20: {"Walter", "VValter", true},
		21: {"Mary Jane", "Mary\u2003Jane", true},
		22: {"O'Hara", "O’Hara", true},
		23: {"Jean-Luc", "Jean‐Luc", true},
		24: {"Straße", "STRASSE", true},
		25: {"José", "Jose\u0301", true},
		26: {"José", "Jose", false},
		27: {"Alice", "Alicia", false},
		28: {"Alice", "Bob", false},
		29: {"Anna", "Hanna", false},
		30: {"Нина", "Инна", false},
		31: {"李", "季", false},
		32: {"🦊", "🐺", false},
		33: {"u1", "u2", false},
	} {
		if got := muc.Alike(c.a, c.b); got != c.like || muc.Alike(c.b, c.a) != c.like {
			t.Errorf("%d: %q and %q: %v", i, c.a, c.b, got)
		}
	}
}

// What a nick is compared by is bounded as the nick is, whatever its letters.
func TestLookIsBounded(t *testing.T) {
	for r := rune(0); r < 0x30000; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		for _, look := range muc.Looks(string(r)) {
			if len(look) >= 16*utf8.RuneLen(r) {
				t.Errorf("%U: %d bytes", r, len(look))
			}
		}
	}
	for _, s := range []string{"\ufdfa", "m", "\u0344", "ΐ"} {
		s = strings.Repeat(s, muc.MaxNickBytes/len(s))
		for _, look := range muc.Looks(s) {
			if len(look) == 0 || len(look) >= 16*len(s) {
				t.Errorf("%q: %d bytes of %d", s[:4], len(look), len(s))
			}
		}
	}
}

// Nobody enters under a nick, or takes one, or has one kept, that looks like one of those whom people trust.
func TestLookalikesAreRefused(t *testing.T) {
	w := newWorld(t)
	anna, bert, carl := w.dial("anna"), w.dial("bert"), w.dial("carl")
	anna.instant("Anna")
	anna.configure("persistentroom=1")
	anna.member("carl")
	w.want(bert.enter("АNNА"), "conflict")
	w.want(bert.enter("Bert"), `code="110"`)
	bert.say(`<presence to='` + roomJID + `/Аnna'/>`)
	w.want(bert.sync(), "conflict")
	w.want(carl.enter("Carl"), `code="110"`)
	w.want(carl.enterUnder("Bеrt"), `code="303"`) // who is nobody special may look alike

	register := func(p *person, nick string) []string {
		p.say(`<iq type='set' id='r' to='` + roomJID + `'><query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>` +
			`<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>` +
			`<field var='muc#register_roomnick'><value>` + nick + `</value></field></x></query></iq>`)
		return p.sync()
	}
	w.want(register(carl, "Annа"), "conflict")
	w.want(register(carl, "Carlo"), `id="r"`, `type="result"`)
	w.want(w.dial("dora").enter("CarIo"), "conflict")
	w.want(register(carl, "Carlos"), `type="result"`)
	w.want(w.dial("dora/two").enter("CarIo"), `code="110"`) // it is kept no more

	w.want(register(carl, "νίκη"), `type="result"`)
	w.want(w.dial("emil").enter("Νίκη"), "conflict") // the same in the other case, and no look-alike as it is
	carl.say(`<iq type='set' id='r' to='` + roomJID + `'><query xmlns='jabber:iq:register'><remove/></query></iq>`)
	w.want(carl.sync(), `type="result"`)
	w.want(w.dial("emil/two").enter("Νίκη"), `code="110"`)
	w.want(register(carl, "Carlos"), `type="result"`)

	w.restart()
	w.want(w.dial("fred").enter("CarIos"), "conflict")
	w.want(w.dial("fred/two").enter("Anna"), `code="110"`) // who is not here, and has none kept, has no claim
	w.want(w.dial("carl").enter("CARLOS"), `code="110"`)
}

// One's own account is no stranger, and who is in already stays in.
func TestLookalikesInside(t *testing.T) {
	w := newWorld(t)
	anna, bert := w.dial("anna"), w.dial("bert")
	anna.instant("Anna")
	w.want(w.dial("anna/pad").enter("anna"), `code="110"`)
	w.want(anna.enterUnder("ANNA"), `code="303"`)
	w.want(bert.enter("Bert"), `code="110"`)
	w.want(w.dial("carl").enter("Веrt"), `code="110"`)
	w.want(anna.adminSet(`<item nick='Bert' role='moderator'/>`), `role="moderator"`, "/Bert")
	w.want(w.dial("carl/two").enter("Веrt"), `code="110"`)
	w.want(w.dial("dora").enter("Bеrt"), "conflict")
}

// enterUnder changes the nick.
func (p *person) enterUnder(nick string) []string {
	p.w.t.Helper()
	p.say(`<presence to='` + roomJID + `/` + nick + `'/>`)
	return p.sync()
}
