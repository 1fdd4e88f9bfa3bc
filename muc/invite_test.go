package muc_test

import "testing"

const invitation = `<message to='` + roomJID + `'><x xmlns='http://jabber.org/protocol/muc#user'>` +
	`<invite to='dora@` + host + `'><reason>come in</reason></invite></x></message>`

// XEP-0045 §7.8.2: an invitation has the inviter, the reason and the password; a refusal comes back.
func TestInvite(t *testing.T) {
	w, anna, ben, _ := three(t)
	dora := w.dial("dora")
	w.makeAvailable(dora)
	anna.configure("passwordprotectedroom=1", "roomsecret=sesame")
	ben.sync()
	ben.say(invitation)
	ben.sync()
	dora.waitFor(`from="`+roomJID+`"`, `<invite from="ben@example.test"><reason>come in</reason></invite>`, `<password>sesame</password>`)
	dora.say(`<message to='` + roomJID + `'><x xmlns='http://jabber.org/protocol/muc#user'><decline to='ben@` + host + `'><reason>busy</reason></decline></x></message>`)
	dora.sync()
	w.want(ben.sync(), `<decline from="dora@example.test"><reason>busy</reason>`, `from="`+roomJID+`"`)
	w.wantNot(anna.sync(), `<decline`)
	w.want(anna.adminGet(`<item affiliation='member'/>`), `<query xmlns="http://jabber.org/protocol/muc#admin"/>`) // an open room makes no members
}

// §7.8.2, §9.5: into a members-only room admins invite, or members where that is allowed; it makes a member.
func TestInviteIntoMembersOnly(t *testing.T) {
	w, anna, ben, _ := three(t)
	dora := w.dial("dora")
	w.makeAvailable(dora)
	anna.affiliate("ben@"+host, "member")
	anna.configure("membersonly=1")
	ben.sync()
	ben.say(invitation)
	w.want(ben.sync(), `type="error"`, `forbidden`)
	anna.configure("allowinvites=1")
	ben.say(invitation)
	ben.sync()
	dora.waitFor(`<invite`)
	w.want(dora.enter("D"), `affiliation="member"`, `code="110"`)
}

func TestInviteRefused(t *testing.T) {
	w, anna, ben, _ := three(t)
	eve := w.dial("eve")
	eve.say(invitation)
	w.want(eve.sync(), `not-acceptable`)
	anna.affiliate("dora@"+host, "outcast")
	ben.say(invitation)
	w.want(ben.sync(), `forbidden`)
	ben.say(`<message to='` + roomJID + `'><x xmlns='http://jabber.org/protocol/muc#user'><invite to='@@'/></x></message>`)
	w.want(ben.sync(), `jid-malformed`)
}
