package auth

import (
	"slices"
	"strings"

	"mellium.im/sasl"
)

const (
	plainName   = "PLAIN"
	scramPrefix = "SCRAM-"
	plusSuffix  = "-PLUS"
)

// DefaultMechanisms returns what is offered unless the configuration says otherwise, the strongest first.
func DefaultMechanisms() []string {
	var names []string
	for _, suffix := range []string{plusSuffix, ""} {
		for _, h := range Hashes() {
			names = append(names, scramPrefix+string(h)+suffix)
		}
	}
	return append(names, plainName)
}

// Offered returns the mechanisms to list on this stream, in the configured order, each once.
//
// PLAIN needs TLS (RFC 6120 §13.8.3); a -PLUS form needs a channel binding that this stream has. The list must go to the client as
// it is, and nothing beside it, for it is what the hash of XEP-0474 covers.
func Offered(p Params) []string { return slices.Clone(p.makeOffer().mechanisms) }

// offer is what one stream can do. It does not change.
type offer struct {
	mechanisms []string
	bindings   []binding // empty without a -PLUS mechanism
}

// makeOffer returns the stream's offer, made before or now.
func (p *Params) makeOffer() *offer {
	if p.offer != nil {
		return p.offer
	}
	o := &offer{}
	configured := p.configured()
	var bindings []binding
	if slices.ContainsFunc(configured, func(name string) bool { _, plus := scramHash(name); return plus }) {
		bindings = p.bindings()
	}
	for _, name := range configured {
		h, plus := scramHash(name)
		possible := h != "" && (!plus || len(bindings) > 0) || name == plainName && p.TLS != nil
		if !possible || slices.Contains(o.mechanisms, name) {
			continue
		}
		o.mechanisms = append(o.mechanisms, name)
		if plus {
			o.bindings = bindings
		}
	}
	return o
}

// types returns the names of the channel bindings.
func (o *offer) types() []string {
	var names []string
	for _, b := range o.bindings {
		names = append(names, b.name)
	}
	return names
}

// Mechanism returns one mechanism, bound to these parameters, for a negotiator of sasl.NewServer.
//
// The negotiator's permissions function is called with the prepared localpart as the username once the password is proven. The value
// holds no state and is safe for any goroutine. The error is a *Failure with the condition invalid-mechanism for an unknown name.
// It does not ask whether the mechanism is on offer: see Offered, or use an Exchange.
func Mechanism(p Params, name string) (sasl.Mechanism, error) {
	p.offer = p.makeOffer()
	if name == plainName {
		return plainMechanism(p), nil
	}
	if h, plus := scramHash(name); h != "" {
		return scramMechanism(p, name, h, plus), nil
	}
	return sasl.Mechanism{}, fail(InvalidMechanism, "")
}

func (p *Params) configured() []string {
	if p.Mechanisms == nil {
		return DefaultMechanisms()
	}
	return p.Mechanisms
}

// scramHash returns the hash that a SCRAM mechanism's name stands for, "" for any other mechanism.
func scramHash(name string) (h Hash, plus bool) {
	rest, ok := strings.CutPrefix(name, scramPrefix)
	if !ok {
		return "", false
	}
	rest, plus = strings.CutSuffix(rest, plusSuffix)
	if Hash(rest).New() == nil {
		return "", false
	}
	return Hash(rest), plus
}

// serverOnly is the Start of our mechanisms: a server waits for the client's first message (RFC 4422 §5, "client-first").
func serverOnly(*sasl.Negotiator) (bool, []byte, any, error) {
	return false, nil, nil, sasl.ErrInvalidState
}
