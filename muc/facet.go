package muc

import (
	"salon.im/salon/wire"
)

// facet is one thing that a room can be. Its file holds all there is about it; a nil field is nothing of that kind.
type facet struct {
	// form adds its fields to the owner's configuration form (XEP-0045 §10.2).
	form func(f *wire.FormWriter, r *room)
	// read takes its fields out of a submitted form into the settings. An error, a stanza.Error, refuses the form.
	read func(f wire.Form, r *room, set *settings) error
	// feature is what disco#info says of it, "" for nothing (XEP-0045 §6.4).
	feature func(set *settings) string
	// info adds its fields to the form of disco#info (XEP-0045 §16.5.4).
	info func(f *wire.FormWriter, r *room)
	// join may refuse who enters. An error is a stanza.Error.
	join func(r *room, j *joining) error
	// changed says which status code a change of privacy has; any other change has 104 (XEP-0045 §10.2.1).
	changed func(was, is *settings) int
	// after enforces new settings on who is in the room already.
	after func(r *room, was *settings)
}

// facets lists all, in the order in which forms show them and joins are checked: a ban is told before anything else, the
// password is asked for when nothing else is in the way, and only who could enter learns that the nick is taken.
var facets = []facet{
	nameFacet,
	descriptionFacet,
	languageFacet,
	contactFacet,
	banFacet,
	lockFacet,
	tokenFacet,
	membersFacet,
	raidFacet,
	maxUsersFacet,
	publicFacet,
	persistentFacet,
	moderatedFacet,
	whoisFacet,
	broadcastFacet,
	presenceLimitsFacet,
	subjectFacet,
	inviteFacet,
	privateFacet,
	passwordFacet,
	nickFacet,
	nickLockFacet,
	maxHistoryFacet,
	archiveFacet,
	archiveExtendedFacet,
	retentionFacet,
	avatarFacet,
	slowModeFacet,
	activityFacet,
	hatsFacet,
}
