package auth

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"strings"
)

// Names of the channel bindings in the IANA registry.
const (
	bindExporter = "tls-exporter"
	bindEndPoint = "tls-server-end-point"
)

// binding is a channel binding that a stream has.
type binding struct {
	name string
	data func() []byte // what ties a login to this TLS channel; worked out for the few that ask
}

// BindingTypes returns the channel-binding types to list in <sasl-channel-binding/>, the strongest first.
//
// It is empty if no -PLUS mechanism is on offer: XEP-0440 §3 makes a client abort when it sees the one without the other. Like
// Offered, the list must go to the client as it is (XEP-0474 §6.1).
func BindingTypes(p Params) []string { return p.makeOffer().types() }

// bindings returns the channel bindings of this stream.
func (p *Params) bindings() []binding {
	if p.TLS == nil {
		return nil
	}
	var all []binding
	// TLS 1.3 always exports; of TLS 1.2 it is known only once it has (RFC 9266 §4.2).
	if p.TLS.Version >= tls.VersionTLS13 && p.TLS.HandshakeComplete || exporter(p.TLS) != nil {
		all = append(all, binding{bindExporter, func() []byte { return exporter(p.TLS) }})
	}
	if p.Leaf != nil && endPointHash(p.Leaf.SignatureAlgorithm) != 0 {
		all = append(all, binding{bindEndPoint, func() []byte { return endPoint(p.Leaf) }})
	}
	return all
}

// exporter is tls-exporter, 32 bytes. RFC 9266 §2.
//
// For TLS 1.2 RFC 9266 §4.2 asks for the extended master secret; crypto/tls refuses to export without it.
func exporter(state *tls.ConnectionState) []byte {
	if state.Version < tls.VersionTLS12 || !state.HandshakeComplete {
		return nil
	}
	data, err := state.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, 32)
	if err != nil {
		return nil
	}
	return data
}

// endPoint is tls-server-end-point: the hash of the server's certificate. RFC 5929 §4.1.
func endPoint(leaf *x509.Certificate) []byte {
	if leaf == nil {
		return nil
	}
	h := endPointHash(leaf.SignatureAlgorithm)
	if h == 0 || !h.Available() {
		return nil
	}
	sum := h.New()
	sum.Write(leaf.Raw)
	return sum.Sum(nil)
}

// endPointHash picks the hash by the certificate's signature: SHA-256 in place of MD5 and SHA-1, else the signature's own. For one
// without a hash of its own, such as Ed25519, the binding is not defined. RFC 5929 §4.1.
func endPointHash(a x509.SignatureAlgorithm) crypto.Hash {
	switch a {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1,
		x509.SHA256WithRSA, x509.SHA256WithRSAPSS, x509.DSAWithSHA256, x509.ECDSAWithSHA256:
		return crypto.SHA256
	case x509.SHA384WithRSA, x509.SHA384WithRSAPSS, x509.ECDSAWithSHA384:
		return crypto.SHA384
	case x509.SHA512WithRSA, x509.SHA512WithRSAPSS, x509.ECDSAWithSHA512:
		return crypto.SHA512
	}
	return 0
}

// expectedBinding checks the gs2-cbind-flag of a client-first message and returns the channel-binding data that the client has to
// repeat: none for "n" and "y". RFC 5802 §6; the texts are those of its §7.
func (p *Params) expectedBinding(flag string, plus bool) ([]byte, error) {
	name, bound := strings.CutPrefix(flag, "p=")
	switch {
	case bound && !plus:
		return nil, misfit(MalformedRequest, "channel-binding-not-supported")
	case bound:
		for _, b := range p.offer.bindings {
			if b.name != name {
				continue
			}
			if data := b.data(); data != nil {
				return data, nil
			}
		}
		return nil, misfit(MalformedRequest, "unsupported-channel-binding-type")
	case flag != "n" && flag != "y":
		return nil, malformed("invalid-encoding")
	case plus:
		return nil, misfit(MalformedRequest, "channel-bindings-dont-match")
	case flag == "y" && len(p.offer.bindings) > 0:
		// The client could bind and did not see that we can: someone took the -PLUS forms out of our list. RFC 5802 §6.
		return nil, misfit(NotAuthorized, "server-does-support-channel-binding")
	}
	return nil, nil
}
