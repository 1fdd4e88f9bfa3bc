package config

import (
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
)

const sqliteScheme = "sqlite:"

// For returns h with the settings that it does not override filled in from c.
func (c *Config) For(h Host) Host {
	if h.Registration == "" {
		h.Registration = c.Registration
	}
	if h.Admins == nil {
		h.Admins = c.Admins
	}
	if h.Contact == nil {
		h.Contact = &c.Contact
	}
	h.Archive = c.Archive.over(h.Archive)
	h.TLS = c.TLS.ACME.over(h.TLS)
	return h
}

// C2SAddrs returns the addresses for client streams with STARTTLS, host:port each, never none.
//
// Derived addresses are both loopbacks if localhost is the only host, else all addresses. A machine without IPv6 lacks
// [::1]: of derived addresses it is enough that one can be listened on.
func (c *Config) C2SAddrs() []string { return c.addrs(c.Listen.C2S, "5222") }

// C2SDirectAddrs returns the addresses for client streams with direct TLS (XEP-0368), like [Config.C2SAddrs].
func (c *Config) C2SDirectAddrs() []string { return c.addrs(c.Listen.C2SDirect, "5223") }

func (c *Config) addrs(set []string, port string) []string {
	switch {
	case len(set) > 0:
		return append([]string(nil), set...)
	case len(c.Hosts) == 1 && c.Hosts[0].Name == "localhost":
		return []string{"127.0.0.1:" + port, "[::1]:" + port}
	default:
		return []string{":" + port}
	}
}

// SQLitePath returns the path of the SQLite database.
func (c *Config) SQLitePath() string {
	if path, ok := strings.CutPrefix(string(c.Storage.URL), sqliteScheme); ok {
		return path
	}
	return filepath.Join(c.Data, "salon.db")
}

// SecretKeyPath returns the path of the key that encrypts room passwords and makes the ids of occupants and messages.
func (c *Config) SecretKeyPath() string {
	if c.SecretKeyFile != "" {
		return c.SecretKeyFile
	}
	return filepath.Join(c.Data, "secret.key")
}

// ExemptPrefixes returns the networks that ConnectionsPerAddress does not count. An entry that is invalid is left out.
func (l Limits) ExemptPrefixes() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range l.ConnectionsExempt {
		if p, err := netip.ParsePrefix(s); err == nil {
			out = append(out, p.Masked())
		}
	}
	return out
}

// Level returns the level for log/slog, info for a word that is none.
func (l LogLevel) Level() slog.Level {
	var level slog.Level
	if level.UnmarshalText([]byte(l)) != nil {
		return slog.LevelInfo
	}
	return level
}

// HostNamed returns the settings of a host by its normalised name, as For resolves them; the general ones for an unknown name.
func (c *Config) HostNamed(name string) Host {
	for _, h := range c.Hosts {
		if h.Name == name {
			return c.For(h)
		}
	}
	return c.For(Host{Name: name})
}

// HostNames returns the domains of users, in the order of the settings.
func (c *Config) HostNames() []string {
	names := make([]string, len(c.Hosts))
	for i, h := range c.Hosts {
		names[i] = h.Name
	}
	return names
}

// RoomDomains returns the domains of rooms, in the order of their hosts.
func (c *Config) RoomDomains() []string {
	domains := make([]string, len(c.Hosts))
	for i, h := range c.Hosts {
		domains[i] = h.Rooms
	}
	return domains
}

// Searches reports whether the archives of a domain, a host's or that of its rooms, are searched by their text: archive.search.
func (c *Config) Searches(domain string) bool {
	for _, h := range c.Hosts {
		if domain == h.Name || domain == h.Rooms {
			return *c.For(h).Archive.Search
		}
	}
	return false
}
