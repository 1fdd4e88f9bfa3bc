package config

import (
	"fmt"
	"net/mail"
	"net/url"
)

// NoCA is the value of [ACME.CA] for no automatic certificates.
const NoCA = "none"

// authorities are the words that stand for the directory of an authority.
var authorities = map[string]string{
	"letsencrypt":         "https://acme-v02.api.letsencrypt.org/directory",
	"letsencrypt-staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
}

// ACME says who issues certificates, and how it sees that the names are ours (RFC 8555).
type ACME struct {
	// CA is the authority: none, a word for one, or the URL of its directory. Read it through [Config.Authority].
	CA    string `yaml:"ca" reload:"false"`
	Email string `yaml:"email" reload:"false"`
	// Roots is a PEM file with the roots of the authority's own certificate; empty means those of the system.
	Roots      string   `yaml:"ca_roots" reload:"false"`
	Challenges []string `yaml:"challenges" reload:"false" oneof:"tls-alpn-01 http-01"`
	// TLSPort and HTTPPort are listened on during a challenge. The authority connects to 443 and 80.
	TLSPort  int `yaml:"tls_port" reload:"false" min:"1" max:"65535"`
	HTTPPort int `yaml:"http_port" reload:"false" min:"1" max:"65535"`
}

// HostTLS is what a host entry says of its certificates.
type HostTLS struct {
	ACME HostACME `yaml:"acme" reload:"false"`
}

// HostACME is what a host entry says of its authority. An empty field says nothing.
type HostACME struct {
	CA    string `yaml:"ca,omitempty" reload:"false"`
	Email string `yaml:"email,omitempty" reload:"false"`
}

// over returns what holds for a host whose entry is h, which may be nil.
func (a *ACME) over(h *HostTLS) *HostTLS {
	out := HostTLS{HostACME{CA: a.CA, Email: a.Email}}
	if h != nil {
		if h.ACME.CA != "" {
			out.ACME.CA = h.ACME.CA
		}
		if h.ACME.Email != "" {
			out.ACME.Email = h.ACME.Email
		}
	}
	return &out
}

// Authority returns the URL of the ACME directory that issues for a host's names, and the contact there; "" for none.
func (c *Config) Authority(h Host) (directory, email string) {
	a := c.TLS.ACME.over(h.TLS).ACME
	if a.CA == NoCA {
		return "", ""
	}
	if known := authorities[a.CA]; known != "" {
		return known, a.Email
	}
	return a.CA, a.Email
}

// authority checks one place where an authority and a contact may be named.
func (c *checker) authority(key, ca, email string) {
	if u, err := url.Parse(ca); ca != NoCA && ca != "" && authorities[ca] == "" && (err != nil || u.Scheme != "https" || u.Host == "") {
		c.add(key+".ca", fmt.Sprintf("want none, letsencrypt, letsencrypt-staging or the https URL of an ACME directory, not %s", quote(ca)))
	}
	if a, err := mail.ParseAddress(email); email != "" && (err != nil || a.Address != email) {
		c.add(key+".email", fmt.Sprintf("want an address such as admin@example.org, not %s", quote(email)))
	}
}

// checkAuthorities wants a contact for each host with an authority.
func (c *Config) checkAuthorities() (errs []*Error) {
	for _, h := range c.Hosts {
		if ca, email := c.Authority(h); ca != "" && email == "" {
			errs = append(errs, &Error{Key: "tls.acme.email", Problem: fmt.Sprintf("want your address, which the authority writes to, since %s has automatic certificates", h.Name)})
			break
		}
	}
	return errs
}
