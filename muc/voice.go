package muc

import (
	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

const nsRequest = "http://jabber.org/protocol/muc#request"

// asksPerMinute and asksBurst bound how often an account asks for voice, with any nick: each time a form opens before every moderator.
const (
	asksPerMinute = 1
	asksBurst     = 2
)

// voiceForm takes a visitor's request for voice, or a moderator's answer to one (XEP-0045 §7.13, §8.6).
func (r *room) voiceForm(st wire.Stanza, x wire.Kid) error {
	s, err := r.speaker(st)
	if err != nil {
		return err
	}
	form, err := wire.ReadForm(x)
	if err != nil || form.FormType != nsRequest {
		return errMalformed
	}
	if s.occ.role.may(privilegeGrantVoice) {
		return r.giveVoice(s, form)
	}
	if s.occ.role.may(privilegeTalk) || form.Value("muc#role") != participant.String() {
		return refusal(stanza.Cancel, stanza.NotAllowed, "Only a visitor can ask for voice.")
	}
	if !r.asked.take(s.occ.bare, r.s.o.Now(), asksPerMinute, asksBurst) {
		return refusal(stanza.Wait, stanza.PolicyViolation, "You have asked for voice already: wait for a moderator.")
	}
	f := wire.NewFormWriter("form", nsRequest).Title("Voice request").
		Instructions("Somebody asks to be allowed to talk.")
	f.ListSingle("muc#role", "Requested role", participant.String(), wire.Option{Label: "Participant", Value: participant.String()})
	f.Field("jid-single", "muc#jid", "Address", "", nil, s.full.String())
	f.TextSingle("muc#roomnick", "Nickname", s.occ.nick)
	f.Boolean("muc#request_allow", "Give voice to this person?", false)
	out := wire.New(wire.KindMessage, "", wire.NewID(), r.addr, wire.Addr{}, f.Payload())
	for _, m := range r.all {
		if m.occ.role.may(privilegeGrantVoice) {
			m.send(out)
		}
	}
	return nil
}

// giveVoice carries out a moderator's answer.
func (r *room) giveVoice(s *session, form wire.Form) error {
	if form.Type == "cancel" {
		return nil
	}
	o := r.occupants[form.Value("muc#roomnick")]
	if allow, ok := form.Bool("muc#request_allow"); !ok || !allow || o == nil || o.role != visitor {
		return nil
	}
	if form.Value("muc#role") != participant.String() {
		return refusal(stanza.Modify, stanza.BadRequest, "Only the role of a participant can be given so.")
	}
	return r.apply(actor{full: s.full, nick: s.occ.nick}, []change{{occ: o, role: participant}}, func() {})
}
