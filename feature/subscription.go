package feature

import "salon.im/salon/storage"

// subState is one of the nine states of RFC 6121 appendix A.1, as the user's own server sees a contact.
type subState uint8

const (
	subNone subState = iota
	subNoneOut
	subNoneIn
	subNoneOutIn
	subTo
	subToIn
	subFrom
	subFromOut
	subBoth
)

// step is a cell of the tables: whether the stanza goes on, to the contact or to the user, and the state after it.
type step struct {
	pass bool
	next subState
}

// outbound is RFC 6121 appendix A.2: what a user sends. One row a type, one column a state, in the order of the constants.
var outbound = map[string][9]step{
	"subscribe": { // A.2.1
		{true, subNoneOut}, {true, subNoneOut}, {true, subNoneOutIn}, {true, subNoneOutIn}, {true, subTo}, {true, subToIn},
		{true, subFromOut}, {true, subFromOut}, {true, subBoth}},
	"unsubscribe": { // A.2.2
		{true, subNone}, {true, subNone}, {true, subNoneIn}, {true, subNoneIn}, {true, subNone}, {true, subNoneIn},
		{true, subFrom}, {true, subFrom}, {true, subFrom}},
	"subscribed": { // A.2.3; where nothing was asked it may be an approval in advance (§3.4)
		{false, subNone}, {false, subNoneOut}, {true, subFrom}, {true, subFromOut}, {false, subTo}, {true, subBoth},
		{false, subFrom}, {false, subFromOut}, {false, subBoth}},
	"unsubscribed": { // A.2.4
		{false, subNone}, {false, subNoneOut}, {true, subNone}, {true, subNoneOut}, {false, subTo}, {true, subTo},
		{true, subNone}, {true, subNoneOut}, {true, subTo}},
}

// inbound is RFC 6121 appendix A.3: what a contact sends.
var inbound = map[string][9]step{
	"subscribe": { // A.3.1; approved in advance or long ago, it is answered with subscribed
		{true, subNoneIn}, {true, subNoneOutIn}, {false, subNoneIn}, {false, subNoneOutIn}, {true, subToIn}, {false, subToIn},
		{false, subFrom}, {false, subFromOut}, {false, subBoth}},
	"unsubscribe": { // A.3.2
		{false, subNone}, {false, subNoneOut}, {true, subNone}, {true, subNoneOut}, {false, subTo}, {true, subTo},
		{true, subNone}, {true, subNoneOut}, {true, subTo}},
	"subscribed": { // A.3.3
		{false, subNone}, {true, subTo}, {false, subNoneIn}, {true, subToIn}, {false, subTo}, {false, subToIn},
		{false, subFrom}, {true, subBoth}, {false, subBoth}},
	"unsubscribed": { // A.3.4
		{false, subNone}, {true, subNone}, {false, subNoneIn}, {true, subNoneIn}, {true, subNone}, {true, subNoneIn},
		{false, subFrom}, {true, subFrom}, {true, subFrom}},
}

// isSubscription reports whether a presence of this type manages a subscription (RFC 6121 §3).
func isSubscription(typ string) bool { _, ok := inbound[typ]; return ok }

// stateOf reads an item's state.
func stateOf(it *storage.RosterItem) subState {
	in := len(it.Request) > 0
	switch {
	case it.Subscription == storage.SubBoth:
		return subBoth
	case it.Subscription == storage.SubFrom && it.Ask:
		return subFromOut
	case it.Subscription == storage.SubFrom:
		return subFrom
	case it.Subscription == storage.SubTo && in:
		return subToIn
	case it.Subscription == storage.SubTo:
		return subTo
	case it.Ask && in:
		return subNoneOutIn
	case in:
		return subNoneIn
	case it.Ask:
		return subNoneOut
	}
	return subNone
}

func (s subState) pendingOut() bool { return s == subNoneOut || s == subNoneOutIn || s == subFromOut }
func (s subState) pendingIn() bool  { return s == subNoneIn || s == subNoneOutIn || s == subToIn }
func (s subState) from() bool       { return s >= subFrom }
func (s subState) to() bool         { return s == subTo || s == subToIn || s == subBoth }

// granted is the state once the user has approved the contact.
func (s subState) granted() subState {
	switch s {
	case subNone, subNoneIn:
		return subFrom
	case subNoneOut, subNoneOutIn:
		return subFromOut
	case subTo, subToIn:
		return subBoth
	}
	return s
}

// put writes the state into an item. request is what is pending in, if the state says that something is.
func (s subState) put(it *storage.RosterItem, request []byte) {
	switch {
	case s == subBoth:
		it.Subscription = storage.SubBoth
	case s.from():
		it.Subscription = storage.SubFrom
	case s.to():
		it.Subscription = storage.SubTo
	default:
		it.Subscription = storage.SubNone
	}
	it.Ask = s.pendingOut()
	switch {
	case !s.pendingIn():
		it.Request = nil
	case len(it.Request) == 0:
		it.Request = request
	}
}
