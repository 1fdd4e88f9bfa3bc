package muc_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// roomModel is a room as XEP-0045 1.35.5 describes it, one request after the other: what each leaves behind, and what each
// session is sent for it. It knows nothing of how the service does that.
type roomModel struct {
	moderated, membersOnly, nonAnonymous, changeSubject bool

	affiliations map[string]string         // by account; without none
	voices       map[string]bool           // given or taken against what the affiliation says, by account
	occupants    map[string]*modelOccupant // by nick
	sessions     map[string]*modelOccupant // by full address
	subject      heard                     // as who enters is sent it
	sent         map[string][]heard        // what each session was sent, by full address
}

// modelOccupant is a nick in use. The presence of the last of its sessions stands for it.
type modelOccupant struct {
	nick, bare, role string
	sessions         []string          // full addresses, in the order of their last presence
	show             map[string]string // what those said
}

// heard is a stanza that a session is sent, as far as the model foretells it.
type heard struct {
	kind, typ, from                    string // from is a nick, "" the room
	affiliation, role, jid, nick       string
	actor, reason, show, text, refusal string
	delayed                            bool
	codes                              []int
}

func (h heard) String() string {
	slices.Sort(h.codes)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s from %q", h.kind, h.typ, h.from)
	for _, f := range [][2]string{{"affiliation", h.affiliation}, {"role", h.role}, {"jid", h.jid}, {"nick", h.nick}, {"actor", h.actor},
		{"reason", h.reason}, {"show", h.show}, {"text", h.text}, {"refusal", h.refusal}} {
		if f[1] != "" {
			b.WriteString(" " + f[0] + "=" + f[1])
		}
	}
	if h.delayed {
		b.WriteString(" delayed")
	}
	if len(h.codes) > 0 {
		fmt.Fprint(&b, " ", h.codes)
	}
	return b.String()
}

// with returns it with more status codes.
func (h heard) with(codes ...int) heard {
	h.codes = append(slices.Clone(h.codes), codes...)
	return h
}

// gone returns the presence of an occupant as that of one who leaves.
func (h heard) gone(codes ...int) heard {
	h.typ, h.show = "unavailable", ""
	return h.with(codes...)
}

// The orders of XEP-0045 §5.1 and §5.2.
var (
	modelRoles        = []string{"none", "visitor", "participant", "moderator"}
	modelAffiliations = []string{"outcast", "none", "member", "admin", "owner"}
)

func above(a, b string) bool {
	return slices.Index(modelAffiliations, a) > slices.Index(modelAffiliations, b)
}
func atLeast(a, b string) bool { return !above(b, a) }

func bareOf(full string) string {
	bare, _, _ := strings.Cut(full, "/")
	return bare
}

func (m *roomModel) affiliation(bare string) string {
	if a := m.affiliations[bare]; a != "" {
		return a
	}
	return "none"
}

// rank is by what requests are judged: the service's admin is no occupant, and may what an owner may.
func (m *roomModel) rank(bare string) string {
	if bare == modelRoot {
		return "owner"
	}
	return m.affiliation(bare)
}

// initialRole is the table of §5.1.2.
func (m *roomModel) initialRole(affiliation string) string {
	switch {
	case atLeast(affiliation, "admin"):
		return "moderator"
	case m.moderated && affiliation == "none":
		return "visitor"
	}
	return "participant"
}

// returningRole is who enters, with a voice as it was left (§5.1).
func (m *roomModel) returningRole(bare string) string {
	initial := m.initialRole(m.affiliation(bare))
	voice, known := m.voices[bare]
	switch {
	case !known || initial == "moderator":
		return initial
	case voice:
		return "participant"
	}
	return "visitor"
}

func (o *modelOccupant) shown() string { return o.sessions[len(o.sessions)-1] }

// takes notes a presence of one of the sessions, which from now on stands for the occupant.
func (o *modelOccupant) takes(full, show string) {
	o.drops(full)
	o.sessions = append(o.sessions, full)
	o.show[full] = show
}

func (o *modelOccupant) drops(full string) {
	o.sessions = slices.DeleteFunc(o.sessions, func(s string) bool { return s == full })
}

func (m *roomModel) tell(full string, h heard) { m.sent[full] = append(m.sent[full], h) }

func (m *roomModel) refuse(full, kind, refusal string) {
	m.tell(full, heard{kind: kind, typ: "error", refusal: refusal})
}

func (m *roomModel) answer(full string) { m.tell(full, heard{kind: "iq", typ: "result"}) }

// of is an occupant's presence as who sees real addresses is sent it.
func (m *roomModel) of(o *modelOccupant) heard {
	return heard{kind: "presence", from: o.nick, affiliation: m.affiliation(o.bare), role: o.role, jid: o.shown(), show: o.show[o.shown()]}
}

// sees is what an occupant is shown of a presence: real addresses are for moderators, or for all (§4.2).
func (m *roomModel) sees(who *modelOccupant, h heard) heard {
	if !m.nonAnonymous && who.role != "moderator" {
		h.jid = ""
	}
	return h
}

// tellOthers sends to every session but those of o.
func (m *roomModel) tellOthers(o *modelOccupant, h heard) {
	for full, who := range m.sessions {
		if who != o {
			m.tell(full, m.sees(who, h))
		}
	}
}

// tellOwn sends to sessions of the occupant that it is about: status 110.
func (m *roomModel) tellOwn(h heard, sessions ...string) {
	for _, full := range sessions {
		m.tell(full, h.with(110))
	}
}

func (m *roomModel) announce(o *modelOccupant, h heard) {
	m.tellOthers(o, h)
	m.tellOwn(h, o.sessions...)
}

// showAll sends the sessions of an occupant the presence of all others.
func (m *roomModel) showAll(o *modelOccupant, sessions ...string) {
	for _, other := range m.occupants {
		if other != o {
			for _, full := range sessions {
				m.tell(full, m.sees(o, m.of(other)))
			}
		}
	}
}

// held says why a nick is not to be had (§7.2.8), "" if it is.
func (m *roomModel) held(bare, nick string) string {
	if o := m.occupants[nick]; o != nil && o.bare != bare {
		return "cancel/conflict"
	}
	return ""
}

// enter is a presence with <x/> (§7.2).
func (m *roomModel) enter(full, nick, show string) {
	bare := bareOf(full)
	if o := m.sessions[full]; o != nil && o.nick != nick {
		m.rename(full, nick, show)
		return
	}
	switch affiliation := m.affiliation(bare); {
	case affiliation == "outcast":
		m.refuse(full, "presence", "auth/forbidden") // §7.2.7
		return
	case m.membersOnly && above("member", affiliation):
		m.refuse(full, "presence", "auth/registration-required") // §7.2.6
		return
	}
	if why := m.held(bare, nick); why != "" {
		m.refuse(full, "presence", why)
		return
	}
	o := m.occupants[nick]
	if o == nil {
		o = &modelOccupant{nick: nick, bare: bare, role: m.returningRole(bare), show: map[string]string{}}
		m.occupants[nick] = o
	}
	m.sessions[full] = o
	o.takes(full, show)
	m.tellOthers(o, m.of(o))
	m.tellOwn(m.of(o), o.sessions[:len(o.sessions)-1]...)
	m.showAll(o, full)             // §7.2.2: first the others
	self := m.of(o).with(110, 170) // §7.2.12: what is said is kept
	if m.nonAnonymous {
		self = self.with(100) // §7.2.3
	}
	m.tell(full, self)
	m.tell(full, m.subject) // §7.2.15
}

// leave is an unavailable presence, of whom others see the last (§7.14).
func (m *roomModel) leave(full string) {
	o := m.sessions[full]
	if o == nil {
		return
	}
	shown, h := o.shown() == full, m.of(o).gone()
	h.role, h.jid = "none", full
	m.tellOwn(h, full)
	m.remove(o, full)
	switch {
	case len(o.sessions) == 0:
		m.tellOthers(o, h)
	case shown:
		m.announce(o, m.of(o))
	}
}

func (m *roomModel) remove(o *modelOccupant, sessions ...string) {
	for _, full := range slices.Clone(sessions) {
		delete(m.sessions, full)
		if o.drops(full); len(o.sessions) == 0 {
			delete(m.occupants, o.nick)
		}
	}
}

// rename is a presence to another nick (§7.6). Other sessions under the old nick stay where they are.
func (m *roomModel) rename(full, nick, show string) {
	old := m.sessions[full]
	if why := m.held(old.bare, nick); why != "" {
		m.refuse(full, "presence", why)
		return
	}
	shown, h := old.shown() == full, m.of(old).gone(303)
	h.jid, h.nick = full, nick
	m.tellOwn(h, full)
	switch old.drops(full); {
	case len(old.sessions) == 0:
		delete(m.occupants, old.nick)
		m.tellOthers(old, h)
	case shown:
		m.announce(old, m.of(old))
	}
	o := m.occupants[nick]
	if o == nil {
		o = &modelOccupant{nick: nick, bare: old.bare, role: old.role, show: map[string]string{}}
		m.occupants[nick] = o
	}
	m.sessions[full] = o
	o.takes(full, show)
	m.announce(o, m.of(o))
}

// update is a presence without <x/>: a new status (§7.7), a new nick, or that of somebody who is not inside (§7.2.18).
func (m *roomModel) update(full, nick, show string) {
	switch o := m.sessions[full]; {
	case o == nil:
		m.tell(full, heard{kind: "presence", typ: "unavailable", from: nick, affiliation: "none", role: "none"}.with(110, 307, 333))
	case o.nick != nick:
		m.rename(full, nick, show)
	default:
		o.takes(full, show)
		m.announce(o, m.of(o))
	}
}

// talk is a message to all (§7.4).
func (m *roomModel) talk(full, text string) {
	switch o := m.sessions[full]; {
	case o == nil:
		m.refuse(full, "message", "modify/not-acceptable")
	case o.role == "visitor":
		m.refuse(full, "message", "auth/forbidden")
	default:
		m.toAll(heard{kind: "message", typ: "groupchat", from: o.nick, text: text})
	}
}

// entitle is a new subject (§8.1).
func (m *roomModel) entitle(full, text string) {
	switch o := m.sessions[full]; {
	case o == nil:
		m.refuse(full, "message", "modify/not-acceptable")
	case o.role == "moderator", o.role == "participant" && m.changeSubject:
		m.subject = heard{kind: "subject", typ: "groupchat", from: o.nick, text: text}
		m.toAll(m.subject)
		m.subject.delayed = true
	default:
		m.refuse(full, "message", "auth/forbidden")
	}
}

func (m *roomModel) toAll(h heard) {
	for full := range m.sessions {
		m.tell(full, h)
	}
}

// roster is what an admin's lists say: of affiliations the accounts, of roles the occupants.
func (m *roomModel) roster() []string {
	var out []string
	for bare, a := range m.affiliations {
		out = append(out, a+" "+bare)
	}
	for o := range maps.Values(m.occupants) {
		out = append(out, fmt.Sprint(o.role, " ", o.nick, " ", m.affiliation(o.bare), " ", o.shown()))
	}
	slices.Sort(out)
	return out
}
