package muc

import (
	"slices"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// maxVoices bounds the accounts of whom a room remembers that voice was given or taken.
const maxVoices = 1000

// voice is kept of an account that has voice though its affiliation does not give it, or has it not though it does: it lasts over
// visits (XEP-0045 §5.1), with every nick and device, until a moderator changes it or the account rises. Who was made a moderator
// comes back with voice alone: nobody could see, while they are away, who else will moderate.
type voice struct {
	Addr wire.Addr `json:"a"` // bare
	Has  bool      `json:"has,omitempty"`
}

// returningRole is the role of an account, bare, that enters: that of its affiliation, and voice as it was left.
func (r *room) returningRole(bare wire.Addr, a affiliation) role {
	initial := r.initialRole(a)
	i := r.set.voiceOf(bare)
	switch {
	case i < 0 || a >= admin: // nobody takes the voice of those (§5.1.1)
		return initial
	case r.set.Voices[i].Has:
		return max(initial, participant)
	}
	return visitor
}

// voiceOf returns the place of an account among those remembered, -1 if it is not.
func (s *settings) voiceOf(bare wire.Addr) int {
	return slices.IndexFunc(s.Voices, func(v voice) bool { return v.Addr == bare })
}

// remember returns the settings with what changes of roles leave behind, and whether that is anything new. At the bound the oldest
// is forgotten.
func (r *room) remember(changes []change) (set settings, changed bool) {
	set = r.set
	for _, c := range changes {
		if c.occ == nil || c.role == noRole || c.role == c.occ.role {
			continue
		}
		has := c.role.may(privilegeTalk)
		voices := voicesBesides(set.Voices, c.occ.bare)
		if has != r.initialRole(c.occ.affiliation).may(privilegeTalk) {
			if len(voices) >= maxVoices {
				voices = voices[len(voices)-maxVoices+1:]
			}
			voices = append(voices, voice{c.occ.bare.Clone(), has})
		}
		changed = changed || !slices.Equal(voices, set.Voices)
		set.Voices = voices
	}
	return set, changed
}

// voicesBesides returns a copy without an account.
func voicesBesides(voices []voice, bare wire.Addr) []voice {
	return slices.DeleteFunc(slices.Clone(voices), func(v voice) bool { return v.Addr == bare })
}

// forgetVoices drops what is remembered of those who rise, whose new affiliation says what they may, and of outcasts. What cannot be
// stored now goes with the next change that is.
func (r *room) forgetVoices(changes []storage.Affiliation) {
	for _, c := range changes {
		if is, _ := parseAffiliation(c.Value); is == outcast || is > r.listed(c.Addr) {
			r.forgetVoice(c.Addr)
		}
	}
}

func (r *room) forgetVoice(bare wire.Addr) {
	if r.set.voiceOf(bare) < 0 {
		return
	}
	r.set.Voices = voicesBesides(r.set.Voices, bare)
	if r.stored {
		_ = r.save(r.set) // logged
	}
}
