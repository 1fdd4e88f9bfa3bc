package muc

// rolePrivilege is a row of the table of XEP-0045 §5.1.1.
type rolePrivilege uint8

// The rows that the room decides by; an occupant of any role is present, receives, and shows its presence.
const (
	privilegeTalk          rolePrivilege = iota // send messages to all
	privilegeSubject                            // modify the subject, where the room leaves it at the default
	privilegeKick                               // participants and visitors
	privilegeGrantVoice                         // and answer requests for it (§8.6)
	privilegeRevokeVoice                        // and see the voice list (§8.5)
	privilegeRealAddresses                      // see them in a semi-anonymous room (§4.2)
)

// rolePrivileges has the least role of each: whoever has a higher one has what a lower one has (XEP-0045 §5.1.1).
var rolePrivileges = [...]role{
	privilegeTalk:          participant,
	privilegeSubject:       moderator,
	privilegeKick:          moderator,
	privilegeGrantVoice:    moderator,
	privilegeRevokeVoice:   moderator,
	privilegeRealAddresses: moderator,
}

// may reports whether a role has a privilege.
func (r role) may(p rolePrivilege) bool { return r >= rolePrivileges[p] }

// affiliationPrivilege is a row of the table of XEP-0045 §5.2.1.
type affiliationPrivilege uint8

// The rows.
const (
	privilegeEnter            affiliationPrivilege = iota // an open room
	privilegeMemberList                                   // of a non-anonymous room
	privilegeEnterMembersOnly                             // a members-only room
	privilegeBan                                          // members and who has no affiliation; and see the ban list
	privilegeEditMembers                                  // grant and revoke membership
	privilegeModerators                                   // assign and remove the role
	privilegeEditAdmins
	privilegeEditOwners
	privilegeConfigure
	privilegeDestroy
)

// affiliationPrivileges has the least affiliation of each (XEP-0045 §5.2.1).
var affiliationPrivileges = [...]affiliation{
	privilegeEnter:            unaffiliated,
	privilegeMemberList:       member,
	privilegeEnterMembersOnly: member,
	privilegeBan:              admin,
	privilegeEditMembers:      admin,
	privilegeModerators:       admin,
	privilegeEditAdmins:       owner,
	privilegeEditOwners:       owner,
	privilegeConfigure:        owner,
	privilegeDestroy:          owner,
}

// may reports whether an affiliation has a privilege.
func (a affiliation) may(p affiliationPrivilege) bool { return a >= affiliationPrivileges[p] }

// initialRoles is the table of XEP-0045 §5.1.2: the role on entering, for a room that is not moderated, and one that is.
// Whether one may enter at all is for banFacet and membersFacet.
var initialRoles = [2][owner + 1]role{
	{outcast: noRole, unaffiliated: participant, member: participant, admin: moderator, owner: moderator},
	{outcast: noRole, unaffiliated: visitor, member: participant, admin: moderator, owner: moderator},
}

// initialRole is the role that an affiliation has on entering (XEP-0045 §5.1.2).
func (r *room) initialRole(a affiliation) role {
	if r.set.Moderated {
		return initialRoles[1][a]
	}
	return initialRoles[0][a]
}

// roleChart is the role state chart of XEP-0045 §5.1.3: from a role, to a role, what it takes of whoever changes it. The zero
// value is no change.
var roleChart = [moderator + 1][moderator + 1]func(by actor) bool{
	visitor:     {noRole: mayKick, participant: mayGrantVoice, moderator: mayAppoint},
	participant: {noRole: mayKick, visitor: mayRevokeVoice, moderator: mayAppoint},
	moderator:   {noRole: mayAppoint, visitor: mayAppoint, participant: mayAppoint},
}

// An admin who is not in the room, or is one of the service's, may do what a moderator may.
func mayKick(by actor) bool        { return by.role.may(privilegeKick) || mayAppoint(by) }
func mayGrantVoice(by actor) bool  { return by.role.may(privilegeGrantVoice) || mayAppoint(by) }
func mayRevokeVoice(by actor) bool { return by.role.may(privilegeRevokeVoice) || mayAppoint(by) }
func mayAppoint(by actor) bool     { return by.rank.may(privilegeModerators) }

// affiliationChart is the affiliation state chart of XEP-0045 §5.2.2: from an affiliation, to an affiliation, what it takes of
// whoever changes it. What stays as it is takes what it would take to give it: its nick and its reason may change.
var affiliationChart = [owner + 1][owner + 1]affiliationPrivilege{
	outcast:      {privilegeBan, privilegeBan, privilegeEditMembers, privilegeEditAdmins, privilegeEditOwners},
	unaffiliated: {privilegeBan, privilegeBan, privilegeEditMembers, privilegeEditAdmins, privilegeEditOwners},
	member:       {privilegeBan, privilegeEditMembers, privilegeEditMembers, privilegeEditAdmins, privilegeEditOwners},
	admin:        {privilegeEditAdmins, privilegeEditAdmins, privilegeEditAdmins, privilegeEditAdmins, privilegeEditOwners},
	owner:        {privilegeEditOwners, privilegeEditOwners, privilegeEditOwners, privilegeEditOwners, privilegeEditOwners},
}
