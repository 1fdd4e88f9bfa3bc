package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// hosts checks the domains and what they override. No two names may be alike, those of the rooms included.
func (c *checker) hosts(hosts []Host) {
	if len(hosts) == 0 {
		c.add("hosts", "want at least one, such as [{name: example.org}]")
	}
	seen := map[string]string{}
	domain := func(key, name string) {
		c.normal(key, name, parseDomain)
		if first, again := seen[name]; again && name != "" {
			c.add(key, fmt.Sprintf("%s is taken by %s", quote(name), first))
			return
		}
		seen[name] = key
	}
	for i, h := range hosts {
		key := fmt.Sprintf("hosts[%d].", i)
		domain(key+"name", h.Name)
		if _, err := netip.ParseAddr(h.Name); err == nil && h.Rooms == newHost(h.Name).Rooms {
			c.add(key+"name", fmt.Sprintf("%s is an address, below which rooms have no domain; take a name such as chat.lan, which needs no DNS, or set %srooms", h.Name, key))
			continue
		}
		if _, err := parseDomain(h.Name); err == nil || h.Rooms != newHost(h.Name).Rooms {
			domain(key+"rooms", h.Rooms) // else one error is enough
		}
		if r := h.Registration; r != "" && r != RegistrationClosed && r != RegistrationOpen {
			c.add(key+"registration", fmt.Sprintf("%s is unknown; want one of closed, open", quote(string(r))))
		}
		c.admins(key+"admins", h.Admins)
		if h.Contact != nil {
			c.contact(key+"contact", h.Contact)
		}
		if h.TLS != nil {
			c.text(key+"tls.acme.ca", h.TLS.ACME.CA)
			c.text(key+"tls.acme.email", h.TLS.ACME.Email)
			c.authority(key+"tls.acme", h.TLS.ACME.CA, h.TLS.ACME.Email)
		}
		if h.Archive != nil {
			c.hostArchive(key+"archive", h.Archive)
		}
	}
}

// normal checks that a name is valid and in the form in which Load leaves it.
func (c *checker) normal(key, s string, parse func(string) (string, error)) {
	normal, err := parse(s)
	switch {
	case err != nil:
		c.add(key, err.Error())
	case normal != s:
		c.add(key, fmt.Sprintf("write %s in its normal form, %s", quote(s), quote(normal)))
	}
}

func (c *checker) admins(key string, admins []string) {
	for i, s := range admins {
		c.normal(fmt.Sprintf("%s[%d]", key, i), s, parseBare)
	}
}

// contact checks that every address is a URI (XEP-0157 §3).
func (c *checker) contact(key string, contact *Contact) {
	purposes := fieldsOf(typeContact)
	for p, list := range contact.lists() {
		for i, s := range *list {
			u, err := url.Parse(s)
			if err != nil || u.Scheme == "" || u.Opaque+u.Host+u.Path == "" || strings.ContainsAny(s, " \t\r\n<>\"") {
				c.add(fmt.Sprintf("%s.%s[%d]", key, purposes[p].name, i),
					fmt.Sprintf("want a URI such as mailto:admin@example.org, not %s", quote(s)))
			}
		}
	}
}

// networks checks the exempt list. An address alone is refused with the network that it would be.
func (c *checker) networks(list []string) {
	for i, s := range list {
		key := fmt.Sprintf("limits.connections_exempt[%d]", i)
		if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
			c.add(key, fmt.Sprintf("want a network; write %s/%d for this address alone", short(s), addr.BitLen()))
			continue
		}
		if p, err := netip.ParsePrefix(s); err != nil || p.Addr().Is4In6() {
			c.add(key, fmt.Sprintf("want a network such as 192.0.2.0/24 or 2001:db8::/32, not %s", quote(s)))
		}
	}
}

// listen checks the addresses. The same one may not be there twice, port 0 apart.
func (c *checker) listen(l *Listen) {
	seen := map[string]string{}
	one := func(key, address string) {
		host, port, err := net.SplitHostPort(address)
		if err != nil || strings.ContainsAny(host, " /") {
			c.add(key, fmt.Sprintf("want host:port, such as 127.0.0.1:5222, [::1]:5222 or :5222, not %s", quote(address)))
			return
		}
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			c.add(key, fmt.Sprintf("port %s is out of range (0 to 65535)", quote(port)))
			return
		}
		if host != "" && !validListenHost(host) {
			c.add(key, fmt.Sprintf("want an IP address, a name or nothing before the port, not %s", quote(host)))
		}
		if first, again := seen[address]; again && n != 0 {
			c.add(key, fmt.Sprintf("%s is taken by %s", short(address), first))
			return
		}
		seen[address] = key
	}
	for i, a := range l.C2S {
		one(fmt.Sprintf("listen.c2s[%d]", i), a)
	}
	for i, a := range l.C2SDirect {
		one(fmt.Sprintf("listen.c2s_direct[%d]", i), a)
	}
	if l.HTTP != "" {
		one("listen.http", l.HTTP)
	}
}

// validListenHost accepts an IP address, or a name for one.
func validListenHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	_, err := parseDomain(host)
	return err == nil && !strings.Contains(host, ":")
}

// storage checks the URL of the database without showing more of it than its scheme. What a PostgreSQL URL may say besides
// is for its driver to judge: see [StorageURL.Scheme].
func (c *checker) storage(u string) {
	const key = "storage.url"
	_, rest, _ := strings.Cut(u, ":")
	switch scheme := StorageURL(u).Scheme(); {
	case u == "":
	case scheme == "postgres":
		if parsed, err := url.Parse(u); err != nil || parsed.Opaque != "" || strings.Trim(parsed.Path, "/") == "" {
			c.add(key, "want postgres://USER:PASSWORD@HOST/DATABASE, with special characters of the password as %XX; over a unix socket postgres:///DATABASE?host=/run/postgresql")
		}
	case scheme != "sqlite":
		c.add(key, "want postgres://USER:PASSWORD@HOST/DATABASE or sqlite:PATH, or nothing for salon.db in the data directory")
	case rest == "" || strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, "//") || strings.ContainsAny(rest, "?#"):
		c.add(key, "want sqlite:PATH, with the path of a file, without '//', '?' and '#'")
	}
}
