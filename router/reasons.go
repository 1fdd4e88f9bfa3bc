package router

import (
	"sync/atomic"

	"mellium.im/xmpp/stanza"
)

// DropReason says why a stanza went to nobody and nobody was told.
type DropReason uint8

// The reasons for which stanzas are dropped.
const (
	DropByType       DropReason = iota // the table of RFC 6121 §8.5 says so: headlines and errors to nobody
	DropNoContent                      // such as a chat state, which nobody needs later (XEP-0160 §3)
	DropRefused                        // by a stage: blocked, for one
	DropUnanswerable                   // undeliverable, and an error or a result, which are not answered (RFC 6120 §8.3.1)
	DropLeftBehind                     // its session ended, and it is of no use to another
	dropReasons
)

var dropNames = [dropReasons]string{"type", "no-content", "refused", "unanswerable", "left-behind"}

// DropCounts counts dropped stanzas by reason.
type DropCounts [dropReasons]atomic.Int64

// Each calls f for every reason, whether it occurred or not.
func (c *DropCounts) Each(f func(reason string, count *atomic.Int64)) {
	for i := range c {
		f(dropNames[i], &c[i])
	}
}

// CountDrop counts a stanza that its last holder drops. Safe for any goroutine.
func (r *Router) CountDrop(why DropReason) { r.Stats.Dropped[why].Add(1) }

// bounceConditions are the reasons for bounces that are told apart: the conditions of RFC 6120 §8.3.3. Index 0 is any other.
var bounceConditions = [...]stanza.Condition{"other", stanza.BadRequest, stanza.Conflict, stanza.FeatureNotImplemented, stanza.Forbidden,
	stanza.Gone, stanza.InternalServerError, stanza.ItemNotFound, stanza.JIDMalformed, stanza.NotAcceptable, stanza.NotAllowed,
	stanza.NotAuthorized, stanza.PolicyViolation, stanza.RecipientUnavailable, stanza.Redirect, stanza.RegistrationRequired,
	stanza.RemoteServerNotFound, stanza.RemoteServerTimeout, stanza.ResourceConstraint, stanza.ServiceUnavailable,
	stanza.SubscriptionRequired, stanza.UndefinedCondition, stanza.UnexpectedRequest}

// BounceCounts counts stanzas answered with an error, by its condition.
type BounceCounts [len(bounceConditions)]atomic.Int64

// Each calls f for every condition, whether it occurred or not.
func (c *BounceCounts) Each(f func(reason string, count *atomic.Int64)) {
	for i := range c {
		f(string(bounceConditions[i]), &c[i])
	}
}

func (c *BounceCounts) count(why stanza.Condition) {
	for i := 1; i < len(c); i++ {
		if bounceConditions[i] == why {
			c[i].Add(1)
			return
		}
	}
	c[0].Add(1)
}
