package muc

import (
	"encoding/xml"
	"log/slog"

	"mellium.im/xmpp/stanza"
)

// Namespaces of XEP-0045 and of what it builds on.
const (
	nsMUC        = "http://jabber.org/protocol/muc"
	nsUser       = "http://jabber.org/protocol/muc#user"
	nsAdmin      = "http://jabber.org/protocol/muc#admin"
	nsOwner      = "http://jabber.org/protocol/muc#owner"
	nsRoomConfig = "http://jabber.org/protocol/muc#roomconfig"
	nsRoomInfo   = "http://jabber.org/protocol/muc#roominfo"
	nsDiscoInfo  = "http://jabber.org/protocol/disco#info"
	nsDiscoItems = "http://jabber.org/protocol/disco#items"
	nsRSM        = "http://jabber.org/protocol/rsm"
	nsDelay      = "urn:xmpp:delay"
	nsSID        = "urn:xmpp:sid:0"
	nsOccupantID = "urn:xmpp:occupant-id:0"
	nsRetract    = "urn:xmpp:message-retract:1"
	nsModerate   = "urn:xmpp:message-moderate:1"
	nsHints      = "urn:xmpp:hints"
	nsPing       = "urn:xmpp:ping"
	nsRegister   = "jabber:iq:register"
	nsNick       = "http://jabber.org/protocol/nick"
)

// The status codes that we send (XEP-0045 §16.6.2).
const (
	statusNonAnonymous    = 100 // whoever is here sees the real addresses
	statusAffiliation     = 101 // the affiliation changed while its holder was away
	statusConfig          = 104 // the configuration changed
	statusSelf            = 110 // this presence is about its receiver
	statusLogged          = 170 // the discussion is kept
	statusNotLogged       = 171
	statusNowNonAnonymous = 172
	statusNowSemi         = 173
	statusCreated         = 201
	statusNickChanged     = 210 // the room changed the nick
	statusBanned          = 301
	statusNick            = 303
	statusKicked          = 307
	statusAffiliationLost = 321 // removed because the affiliation changed
	statusMembersOnly     = 322 // removed because the room became members-only
	statusShutdown        = 332
	statusUnreachable     = 333 // removed because stanzas to it came back
)

// refusal builds a stanza error with an English text for people.
func refusal(t stanza.ErrorType, c stanza.Condition, text string) stanza.Error {
	e := stanza.Error{Type: t, Condition: c}
	if text != "" {
		e.Text = map[string]string{"en": text}
	}
	return e
}

// The refusals that several places share.
var (
	errNotIn     = refusal(stanza.Modify, stanza.NotAcceptable, "You are not in this room.")             // §7.4, §7.5
	errNoRoom    = refusal(stanza.Cancel, stanza.ItemNotFound, "There is no such room.")                 // §6.4
	errBusy      = refusal(stanza.Wait, stanza.ResourceConstraint, "The room is busy; try again later.") // RFC 6120 §8.3.3.18
	errUnstored  = refusal(stanza.Wait, stanza.InternalServerError, "This could not be stored; try again later.")
	errForbidden = refusal(stanza.Auth, stanza.Forbidden, "You may not do that in this room.")
	errClosing   = refusal(stanza.Wait, stanza.ServiceUnavailable, "The conference service is shutting down.")
	errUnknown   = refusal(stanza.Cancel, stanza.ServiceUnavailable, "") // RFC 6120 §8.4
	errAddress   = refusal(stanza.Modify, stanza.JIDMalformed, "That is no address.")
	errMalformed = refusal(stanza.Modify, stanza.BadRequest, "The request is malformed.")
)

// iqName names the payload that an IQ handler is for.
func iqName(space, local string) xml.Name { return xml.Name{Space: space, Local: local} }

// discard is the logger of a service that was given none.
func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
