package certs

import (
	"bytes"
	"crypto/tls"
)

// suites are what TLS 1.2 may use: forward secrecy and AEAD only (RFC 9325 §4.2). TLS 1.3 has no others.
var suites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// TLSConfig returns the configuration of a direct-TLS listener. SNI picks the certificate; without a known one the
// client gets the default host's. A client that offers protocols by ALPN, none of which is in alpn, is refused; one that
// offers none is welcome (XEP-0368 §4). Use one for each listener and do not copy it: session tickets belong to it.
func (s *Source) TLSConfig(alpn ...string) *tls.Config {
	c := s.newConfig("")
	c.NextProtos = alpn
	c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) { return s.answerChallenge(hello), nil }
	return c
}

// TLSConfigFor returns the configuration for STARTTLS on a stream to host, the same one for each call until the next
// Reload. SNI goes before host; an unknown host gets the default host's. It must not be modified.
func (s *Source) TLSConfigFor(host string) *tls.Config { return s.pick("", host).starttls }

// newConfig makes a configuration that shows the certificate of the client's SNI, else of host.
func (s *Source) newConfig(host string) *tls.Config {
	c := &tls.Config{
		MinVersion:   tls.VersionTLS12, // RFC 9325 §3.1.1
		CipherSuites: suites,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return s.pick(hello.ServerName, host).cert, nil
		},
		// Full records from the first byte: a stream writes whole stanzas, nobody renders half a page early.
		DynamicRecordSizingDisabled: true,
	}
	s.bindTickets(c, host)
	return c
}

// bindTickets ties a session ticket to the certificate of the handshake that issued it. A resumed session shows no
// certificate, so after a Reload the client and we would disagree about tls-server-end-point (RFC 5929 §4.1); and a
// ticket of one host must not resume a session with another (RFC 8446 §4.6.1). A ticket that does not fit costs a
// full handshake, nothing else.
func (s *Source) bindTickets(c *tls.Config, host string) {
	c.WrapSession = func(cs tls.ConnectionState, ss *tls.SessionState) ([]byte, error) {
		digest := s.pick(cs.ServerName, host).digest
		ss.Extra = append(ss.Extra, digest[:])
		return c.EncryptTicket(cs, ss)
	}
	c.UnwrapSession = func(ticket []byte, cs tls.ConnectionState) (*tls.SessionState, error) {
		ss, err := c.DecryptTicket(ticket, cs)
		if ss == nil || err != nil {
			return nil, err
		}
		digest := s.pick(cs.ServerName, host).digest
		for _, extra := range ss.Extra {
			if bytes.Equal(extra, digest[:]) {
				return ss, nil
			}
		}
		return nil, nil
	}
}
