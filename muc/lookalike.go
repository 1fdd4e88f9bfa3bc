package muc

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

// This file keeps strangers from passing for somebody whom people trust. Two nicks look alike where a skeleton of theirs is the
// same, after the method of UTS #39 §4: compatibility forms are taken apart, what cannot be seen is dropped, each letter stands for
// the Latin one that it looks like, and case makes no difference. The tables hold what the confusables of UTS #39 say of Latin,
// Greek and Cyrillic letters and of digits, and a few more that one takes for each other at a glance. Other scripts stand for
// themselves, and marks count: a nick with an accent is another one.

var errLookalike = refusal(stanza.Cancel, stanza.Conflict, "That nickname looks too much like that of somebody else.") // XEP-0045 §7.2.8

// Letters, and the Latin ones, or digits, that they look like: the runes of each pair of lines stand below each other. The shapes
// of capitals and small letters differ, so this comes before case is folded.
var lookTable = pairs(
	// Greek.
	"ΑΒΕΖΗΙΚΜΝΟΡΤΥΧͿϺαγηικνοπρστυχϳ",
	"ABEZHIKMNOPTYXJMayniKvonpotuxj",
	// Cyrillic. Small letters that have the shape of capitals stand for those.
	"АВЕЗЅІЈКМНОРСТУҮХԚԜҺԀԌЬѴӀавезѕіјкмнопрстуүхѵһԁԛԝгьӏцѡԍб",
	"ABE3SIJKMHOPCTYYXQWhdGbVIaBe3siJKMHonpcTyyxvhdqWrblUwG6",
	// Latin: without a dot, of the alphabet of phonetics, small capitals.
	"ıɑɡɩɪĸʋɣʏᴀʙᴄᴅᴇꜰɢʜᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡᴢǀ",
	"iagiikuyyabcdefghjklmnoprstuvwzl",
	// Signs.
	"‐‑‒–—―−’‘ʼʹ`⠀",
	"-------''''' ",
)

// lookSigns are what still looks alike when case is folded: a capital i and an l and a one, an o and a zero, and letters that
// look like two. A dot above an i is not seen.
var lookSigns = strings.NewReplacer("i\u0307", "l", "j\u0307", "j", "i", "l", "1", "l", "|", "l", "0", "o", "m", "rn", "w", "vv")

func pairs(lines ...string) map[rune]rune {
	out := map[rune]rune{}
	for i := 0; i < len(lines); i += 2 {
		like := []rune(lines[i+1])
		for n, r := range []rune(lines[i]) {
			out[r] = like[n]
		}
	}
	return out
}

// looks are the skeletons of a nick: as it is, and of its case-folded form, since some letters have different looks in either case.
type looks [2]string

func looksOf(nick string) looks { return looks{look(nick), look(cases.Fold().String(nick))} }

// look is a skeleton. Of a nick within maxNickBytes it has less than 16 times as many bytes.
func look(s string) string {
	s = cases.Fold().String(strings.Map(seen, norm.NFKD.String(s)))
	return strings.Join(strings.Fields(lookSigns.Replace(norm.NFKD.String(s))), " ")
}

// seen maps a rune to what it looks like, and one that is not seen to nothing.
func seen(r rune) rune {
	switch {
	case unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return -1
	case unicode.IsSpace(r):
		return ' '
	}
	if like, ok := lookTable[r]; ok {
		return like
	}
	return r
}

func (l looks) like(other looks) bool {
	return slices.Contains(other[:], l[0]) || slices.Contains(other[:], l[1])
}

// passesFor reports whether an account, bare, would look with a nick like a moderator who is here, as all admins and owners are, or like
// somebody else for whom a nick is kept.
func (r *room) passesFor(nick string, bare wire.Addr) bool {
	l := looksOf(nick)
	for _, o := range r.occupants {
		if o.bare != bare && o.role == moderator && o.look().like(l) {
			return true
		}
	}
	if r.keptLooks == nil {
		r.keptLooks = map[string][]wire.Addr{}
		for kept, by := range r.reserved {
			both := looksOf(kept)
			for _, look := range slices.Compact(both[:]) {
				r.keptLooks[look] = append(r.keptLooks[look], by)
			}
		}
	}
	another := func(by wire.Addr) bool { return by != bare }
	return slices.ContainsFunc(r.keptLooks[l[0]], another) || slices.ContainsFunc(r.keptLooks[l[1]], another)
}

func (o *occupant) look() looks {
	if o.looks == (looks{}) {
		o.looks = looksOf(o.nick)
	}
	return o.looks
}
