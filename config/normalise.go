package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
	"mellium.im/xmpp/jid"
)

// domains maps a domain to its U-labels (RFC 7622 §3.2), in lower case, and refuses what DNS could not carry.
var domains = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))

// parseDomain returns the normal form of a domain: U-labels, lower case, no trailing dot. An IPv4 address is one too.
func parseDomain(s string) (string, error) {
	wrong := fmt.Errorf("want a domain such as example.org, not %s", quote(s))
	ascii, err := domains.ToASCII(strings.TrimSuffix(s, "."))
	if err != nil {
		return "", wrong
	}
	unicode, err := domains.ToUnicode(ascii)
	if err != nil {
		return "", wrong
	}
	if j, err := jid.New("", unicode, ""); err != nil || j.Domainpart() != unicode {
		return "", wrong
	}
	if last := unicode[strings.LastIndexByte(unicode, '.')+1:]; strings.Trim(last, "0123456789") == "" {
		if _, err := netip.ParseAddr(unicode); err != nil { // a number is no top-level domain
			return "", wrong
		}
	}
	return unicode, nil
}

// normalDomain returns the normal form, or s itself if it has none.
func normalDomain(s string) string {
	if d, err := parseDomain(s); err == nil {
		return d
	}
	return s
}

var errBare = errors.New("want a bare address such as alice@example.org")

// parseBare returns the normal form of a bare JID with a localpart (RFC 7622 §3).
func parseBare(s string) (string, error) {
	j, err := jid.Parse(s)
	if err != nil || j.Localpart() == "" || j.Resourcepart() != "" || strings.HasSuffix(s, "/") {
		return "", fmt.Errorf("%w, not %s", errBare, quote(s))
	}
	domain, err := parseDomain(j.Domainpart())
	if err != nil {
		return "", err
	}
	return j.Localpart() + "@" + domain, nil
}

// parseLocal returns the normal form of a localpart (RFC 7622 §3.3).
func parseLocal(s string) (string, error) {
	j, err := jid.New(s, "example.org", "")
	if err != nil || s == "" {
		return "", fmt.Errorf("want the part of an address before the @, such as lobby, not %s", quote(s))
	}
	return j.Localpart(), nil
}

// normalise fills in what is derived and brings names into their normal form. What is invalid stays for Validate.
func (c *Config) normalise() {
	for i := range c.Hosts {
		h := &c.Hosts[i]
		h.Name = normalDomain(h.Name)
		if h.Rooms == "" {
			h.Rooms = newHost(h.Name).Rooms
		}
		h.Rooms = normalDomain(h.Rooms)
		normalEach(h.Admins, parseBare)
		if h.Archive != nil {
			normalEach(h.Archive.Hold, parseHeld)
		}
		if h.Contact != nil {
			for _, list := range h.Contact.lists() {
				if *list == nil {
					*list = []string{}
				}
			}
		}
	}
	normalEach(c.Admins, parseBare)
	normalEach(c.Archive.Hold, parseHeld)
	if local, err := parseLocal(c.Rooms.PublicLobby); err == nil {
		c.Rooms.PublicLobby = local
	}
}

func normalEach(list []string, parse func(string) (string, error)) {
	for i, s := range list {
		if normal, err := parse(s); err == nil {
			list[i] = normal
		}
	}
}

// lists returns the lists of the contact addresses, in the order of the struct.
func (c *Contact) lists() []*[]string {
	return []*[]string{&c.Abuse, &c.Admin, &c.Feedback, &c.Sales, &c.Security, &c.Status, &c.Support}
}
