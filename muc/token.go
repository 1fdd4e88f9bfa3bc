package muc

import (
	"crypto/rand"
	"crypto/subtle"
	"slices"
	"strconv"
	"strings"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const nsTokens = "urn:xmpp:muc-token-invite:0"

// Bounds of tokens (XEP-0488 §7): how long one is good for, how many accounts it makes members, and how many there are at a
// time, of a room and of one account.
const (
	maxTokenLife  = 31 * 24 * time.Hour
	maxTokenUses  = 1000
	maxTokens     = 100
	maxTokensEach = 20
)

// token makes members of those who show it when they enter (XEP-0488 §3.3). Uses is nil if only its time bounds it.
type token struct {
	// Sealed is the text, encrypted as a password is. A digest would not do: lists show the text (§3.6).
	Sealed []byte    `json:"sealed"`
	By     wire.Addr `json:"by"` // bare; it is good for as long as this account may issue tokens
	Ends   time.Time `json:"ends"`
	Uses   *uint32   `json:"uses,omitempty"` // that are left
}

var errExpiredToken = router.DetailedError{Stanza: refusal(stanza.Auth, stanza.NotAuthorized, "The invitation is not valid, or not any more."),
	Detail: wire.NewWriter().Elem(nsTokens, "expired-token", "").Payload()}

// tokenFacet lets who shows a token in as a member. It comes behind the ban and before everything that members may pass. For who
// has an affiliation already a token means nothing (XEP-0488 §4).
var tokenFacet = facet{
	join: func(r *room, j *joining) error {
		k, ok := j.x.Kid("", "password")
		if !ok || j.affiliation != unaffiliated {
			return nil
		}
		text := k.Text()
		if j.token = r.findToken(text, func(t token) bool { return r.mayIssue(t.By) }); j.token != nil {
			j.affiliation = member
			return nil
		}
		if r.set.MembersOnly && len(r.set.Password) == 0 && text != "" {
			return errExpiredToken // §3.5, §4: what else could it have been
		}
		return nil
	},
}

func advertiseTokens(r *router.Router) {
	r.Advertise(router.OnRoom, router.XEP{Num: 488, Version: "0.1.0", Status: "complete",
		Note: "a token lasts 31 days at most, and no longer than its creator may issue tokens"}, nsTokens)
}

// mayIssue reports whether an account, bare, may issue tokens: as for invitations, admins, and in a members-only room the
// members if the owner lets them (XEP-0488 §7, XEP-0045 §9.5).
func (r *room) mayIssue(bare wire.Addr) bool {
	return r.rank(bare) >= admin || r.set.MembersOnly && r.set.Invites && r.affiliation(bare) == member
}

// mayRevoke says whose tokens somebody may see and revoke: its own, and moderators and admins everyone's (XEP-0488 §7).
func (r *room) mayRevoke(full wire.Addr, t token) bool {
	return r.overTokens(full) || t.By == full.Bare()
}

func (r *room) overTokens(full wire.Addr) bool {
	s := r.sessions[full]
	return r.rank(full.Bare()) >= admin || s != nil && s.occ.role == moderator
}

// mayManage reports whether somebody has anything to do with tokens.
func (r *room) mayManage(full wire.Addr) bool { return r.mayIssue(full.Bare()) || r.overTokens(full) }

// findToken returns the first valid token of that text that ok takes, nil if there is none. Texts are compared in constant time.
func (r *room) findToken(text string, ok func(token) bool) *token {
	for i := range r.set.Tokens {
		t := &r.set.Tokens[i]
		if t.over(r.now()) || !ok(*t) {
			continue
		}
		if is, err := r.tokenText(*t); err == nil && subtle.ConstantTimeCompare([]byte(is), []byte(text)) == 1 {
			return t
		}
	}
	return nil
}

func (t token) over(now time.Time) bool { return !now.Before(t.Ends) || t.Uses != nil && *t.Uses == 0 }

func (r *room) tokenText(t token) (string, error) {
	text, err := r.s.seal.open(r.addr, t.Sealed)
	if err != nil {
		r.log.Error("token unreadable", "err", err)
	}
	return text, err
}

// issueToken makes a token (XEP-0488 §3.2, §3.3).
func (r *room) issueToken(st wire.Stanza, k wire.Kid) (wire.Payload, error) {
	by := st.From().Bare()
	if !r.mayIssue(by) {
		return nil, errForbidden // §3.2
	}
	t := token{By: by.Clone(), Ends: r.now().Add(maxTokenLife)}
	if k.HasAttr("delay") {
		n, err := readLimit(k.Attr("delay"))
		if err != nil {
			return nil, err
		}
		t.Ends = r.now().Add(min(maxTokenLife, time.Duration(n)*time.Second))
	}
	if k.HasAttr("counter") {
		n, err := readLimit(k.Attr("counter"))
		if err != nil {
			return nil, err
		}
		n = min(n, maxTokenUses)
		t.Uses = &n
	}
	set, own := r.set, 0
	set.Tokens = slices.DeleteFunc(slices.Clone(set.Tokens), func(t token) bool { return t.over(r.now()) })
	for _, is := range set.Tokens {
		if is.By == t.By {
			own++
		}
	}
	if own >= maxTokensEach || len(set.Tokens) >= maxTokens {
		return nil, refusal(stanza.Wait, stanza.ResourceConstraint, "There are too many tokens: revoke some.")
	}
	text := rand.Text() // 130 bits
	t.Sealed = r.s.seal.close(r.addr, text)
	set.Tokens = append(set.Tokens, t)
	if err := r.putSettings(set); err != nil {
		return nil, err
	}
	return r.writeToken(wire.NewWriter(), nsTokens, t, text).Payload(), nil
}

// listTokens shows the tokens that somebody may revoke (XEP-0488 §3.6).
func (r *room) listTokens(st wire.Stanza, _ wire.Kid) (wire.Payload, error) {
	if !r.mayManage(st.From()) {
		return nil, errForbidden
	}
	w := wire.NewWriter().Start(nsTokens, "tokens")
	for _, t := range r.set.Tokens {
		if t.over(r.now()) || !r.mayRevoke(st.From(), t) {
			continue
		}
		text, err := r.tokenText(t)
		if err != nil {
			return nil, errUnstored
		}
		r.writeToken(w, "", t, text)
	}
	return w.Payload(), nil
}

// revokeToken ends a token (XEP-0488 §3.7).
func (r *room) revokeToken(st wire.Stanza, k wire.Kid) (wire.Payload, error) {
	if !r.mayManage(st.From()) {
		return nil, errForbidden
	}
	t := r.findToken(k.Text(), func(t token) bool { return r.mayRevoke(st.From(), t) })
	if t == nil {
		return nil, refusal(stanza.Cancel, stanza.ItemNotFound, "There is no such token of yours.")
	}
	set := r.set
	set.Tokens = slices.DeleteFunc(slices.Clone(set.Tokens), func(is token) bool { return string(is.Sealed) == string(t.Sealed) })
	return nil, r.putSettings(set)
}

// writeToken adds a token with the limits that are left of it. Its creator goes by the id that occupants know (XEP-0421).
func (r *room) writeToken(w *wire.Writer, space string, t token, text string) *wire.Writer {
	left := (t.Ends.Sub(r.now()) + time.Second - 1) / time.Second
	w.Start(space, "token").Attr("delay", strconv.Itoa(int(left)))
	if t.Uses != nil {
		w.Attr("counter", strconv.FormatUint(uint64(*t.Uses), 10))
	}
	return w.Attr("creator", r.occupantID(t.By)).Text(text).End()
}

// readLimit reads an xs:unsignedInt. A token that is good for no time or for nobody is none.
func readLimit(v string) (uint32, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(v), 10, 32)
	if err != nil || n == 0 {
		return 0, errMalformed
	}
	return uint32(n), nil
}

// redeem makes a member of who enters with a token, and takes one use from it, both or neither (XEP-0488 §3.5). Those sessions
// of the account that are in already become a member's.
func (r *room) redeem(j *joining) error {
	add := []storage.Affiliation{{Addr: j.bare.Clone(), Value: member.String(), By: j.token.By, At: r.now()}}
	if err := r.checkLists(add); err != nil {
		return err
	}
	set := r.set
	set.Tokens = slices.Clone(set.Tokens)
	if i := slices.IndexFunc(set.Tokens, func(t token) bool { return string(t.Sealed) == string(j.token.Sealed) }); set.Tokens[i].Uses != nil {
		left := *set.Tokens[i].Uses - 1
		set.Tokens[i].Uses = &left
	}
	if err := r.putWith(set, add); err != nil {
		return err
	}
	r.telling(r.stepOf(j.bare), func() { r.reaffiliateAll(j.bare) })
	return nil
}

// dropTokens takes away the tokens that are over, those of an account that is no more, and those whose creator has lost all
// rights here. Nobody is told. What cannot be stored now goes when the room is next read.
func (r *room) dropTokens(gone wire.Addr) {
	lost := func(t token) bool { return t.By == gone || r.rank(t.By) < member || t.over(r.now()) }
	if !slices.ContainsFunc(r.set.Tokens, lost) {
		return
	}
	r.set.Tokens = slices.DeleteFunc(slices.Clone(r.set.Tokens), lost)
	if r.stored {
		_ = r.save(r.set) // logged
	}
}
