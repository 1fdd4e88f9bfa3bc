package auth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/netip"
	"slices"

	"mellium.im/sasl"
)

// Params is what an exchange needs to know about its server, its stream and its peer. It must not change while in use.
type Params struct {
	// Context ends waits, lookups and queued work when the stream dies. Nil means context.Background.
	Context context.Context
	// Lookup finds keys among the users of Host.
	Lookup Lookup
	// Host is the domain that the stream is for, prepared (RFC 7622 §3.2).
	Host string
	// Mechanisms are the mechanisms to offer, in that order. Nil means DefaultMechanisms. Unknown names are left out.
	Mechanisms []string
	// TLS is the stream's handshaken TLS state; nil means that the stream is in the clear, and forbids PLAIN.
	TLS *tls.ConnectionState
	// Leaf is the certificate that the server showed on this stream. Nil means that tls-server-end-point is not offered.
	Leaf *x509.Certificate
	// Secret makes the salts of unknown users: 16 bytes or more, the same on every node and after a restart.
	// Without one, a secret of this process is used, and a restart tells unknown users apart from known ones.
	Secret []byte
	// Iterations is the count that new keys get, and that unknown users seem to have. 0 means DefaultIterations. A user whose keys
	// have another count, or lack a hash that is offered, can be told from an unknown one until the password is set anew.
	Iterations int
	// Pool bounds the work for PLAIN. Nil means one pool for the process, as NewPool(0) makes it.
	Pool *Pool
	// Throttle delays repeated tries. Nil means no delay.
	Throttle *Throttle
	// Addr is the peer's address, for Throttle.
	Addr netip.Addr
	// NoDowngradeHash leaves out the attribute "h" of XEP-0474, for a client that stumbles over it.
	NoDowngradeHash bool

	nonce func() string // set by the tests of published vectors
	offer *offer        // what this stream has, worked out once
	tried *string       // the prepared user of the try under way; nil if nobody asks
}

// Exchange is the SASL side of one stream. A stream that allows several tries calls Start again after a failure, and counts.
//
// It is used from one goroutine at a time. Start and Step may block: on the lookup, on a delay of Throttle, on Pool.
//
// RFC 6120 §6.4.
type Exchange struct {
	params  Params
	running *sasl.Negotiator // nil: nothing under way
	user    string
}

// NewExchange returns an exchange at which nothing has happened yet.
func NewExchange(p Params) *Exchange {
	p.offer = p.makeOffer()
	p.tried = new(string)
	return &Exchange{params: p}
}

// Offered returns the mechanisms to list, and BindingTypes the channel-binding types, as the functions of those names do, without
// working them out again.
func (x *Exchange) Offered() []string { return Offered(x.params) }

// BindingTypes returns the channel-binding types to list: see Offered.
func (x *Exchange) BindingTypes() []string { return BindingTypes(x.params) }

// Start begins a try with the mechanism that the client chose.
//
// initial is the decoded initial response; nil means that there was none, and is answered with an empty challenge (nil, false,
// nil), while a zero-length response is empty but not nil (RFC 6120 §6.4.2). Results are those of Step. A Start while a try is
// under way ends that try, and one after success is refused: RFC 6120 §6.4.6 allows no second login.
func (x *Exchange) Start(mechanism string, initial []byte) (challenge []byte, done bool, err error) {
	if x.running != nil || x.user != "" {
		x.Abort()
		return nil, false, malformed("an exchange is under way or done")
	}
	if !slices.Contains(x.params.offer.mechanisms, mechanism) {
		return nil, false, x.refuse(mechanism)
	}
	m, err := Mechanism(x.params, mechanism)
	if err != nil {
		return nil, false, asFailure(err)
	}
	x.running = sasl.NewServer(m, x.permit)
	*x.params.tried = ""
	if initial == nil {
		return nil, false, nil
	}
	return x.Step(initial)
}

// Step feeds the decoded response of the client and returns what to answer, not yet encoded.
//
// done means success: User is set, and challenge is the additional data of <success/>, nil if there is none. Every error is a
// *Failure and ends the try; a Step without a try under way is one too.
func (x *Exchange) Step(response []byte) (challenge []byte, done bool, err error) {
	if x.running == nil {
		return nil, false, malformed("no exchange is under way")
	}
	more, challenge, err := x.running.Step(response)
	if err != nil || !more {
		x.running = nil // a negotiator panics when stepped after an error
	}
	switch {
	case err != nil:
		return nil, false, asFailure(err)
	case more:
		return challenge, false, nil
	case x.user == "":
		return nil, false, fail(NotAuthorized, "")
	}
	return challenge, true, nil
}

// Abort ends the try under way, if any. The stream answers <abort/> with the condition Aborted (RFC 6120 §6.4.4).
func (x *Exchange) Abort() { x.running = nil }

// User returns the prepared localpart of the user who logged in, or "" before success.
func (x *Exchange) User() string { return x.user }

// Tried returns the prepared localpart of the user whose login was tried last, "" if it did not come so far. It is what the
// peer claims, and for the log.
func (x *Exchange) Tried() string { return *x.params.tried }

// permit is called by a mechanism once the user has proven the password and the right to the authzid.
func (x *Exchange) permit(n *sasl.Negotiator) bool {
	user, _, _ := n.Credentials()
	x.user = string(user)
	return x.user != ""
}

// refuse tells a mechanism that only lacks TLS from one that is not there. RFC 6120 §6.5.4, §6.5.7.
func (x *Exchange) refuse(mechanism string) *Failure {
	if mechanism == plainName && x.params.TLS == nil && slices.Contains(x.params.configured(), plainName) {
		return misfit(EncryptionRequired, "")
	}
	return misfit(InvalidMechanism, "")
}

// note remembers whose login is tried.
func (p *Params) note(user string) {
	if p.tried != nil {
		*p.tried = user
	}
}

func (p *Params) context() context.Context {
	if p.Context == nil {
		return context.Background()
	}
	return p.Context
}
