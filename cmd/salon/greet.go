package main

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"salon.im/salon/config"
)

// greet tells whoever started the server what to do next.
func (a *app) greet(i info, cfg *config.Config) {
	user := "alice@" + i.Hosts[0].Name
	a.say("\nSalon serves %s.\n\n", names(i.Hosts))
	a.item("Listening", listening(i))
	a.item("Add a user", a.hint("user", "add", user))
	a.item("In Gajim", gajim(user, i))
	a.item("Settings", a.settings(cfg))
	label := "Certificate"
	for _, h := range i.Hosts {
		a.item(label, a.certificate(i, h.Name)...)
		label = ""
	}
	a.say("\n")
}

// item prints a label with its lines.
func (a *app) item(label string, lines ...string) {
	for _, line := range lines {
		a.say("  %-12s %s\n", label, line)
		label = ""
	}
}

func names(hosts []config.Host) string {
	var out []string
	for _, h := range hosts {
		out = append(out, h.Name+" with rooms at "+h.Rooms)
	}
	return strings.Join(out, ", ")
}

func listening(i info) string {
	var parts []string
	for _, l := range []struct{ name, what string }{{"c2s", "STARTTLS"}, {"c2s direct", "direct TLS"}, {"http", "health, metrics"}} {
		var addrs []string
		for _, addr := range i.Addrs[l.name] {
			addrs = append(addrs, strings.Replace(addr.String(), "[::]", "*", 1)) // [::] takes IPv4 too
		}
		if len(addrs) > 0 {
			parts = append(parts, strings.Join(addrs, " ")+" ("+l.what+")")
		}
	}
	return strings.Join(parts, ", ")
}

// gajim says what to type. Where a name leads is the network's affair: without DNS the client must be told an address.
func gajim(user string, i info) string {
	host := i.Hosts[0].Name
	text := "add the account " + user
	addrs := reachable(i.Addrs["c2s"], machine())
	if literal := net.ParseIP(strings.Trim(host, "[]")) != nil; host != "localhost" && !literal && len(addrs) > 0 {
		text += " (without DNS for " + host + ", give the hostname " + addrs[0] + " under Advanced)"
	}
	if i.SelfSigned[host] && !i.Automatic[host] {
		text += ", accept the certificate"
	}
	if i.Lobby != "" {
		text += ", join " + i.Lobby
	}
	return text
}

func (a *app) settings(cfg *config.Config) string {
	if file := a.source().Path(); file != "" {
		return file
	}
	return "all defaults; to change some: " + a.invoked + " config example > " + quote(filepath.Join(cfg.Data, "salon.yaml"))
}

func (a *app) certificate(i info, host string) []string {
	switch {
	case i.Automatic[host] && i.SelfSigned[host]:
		return []string{"self-signed for " + host + " until the authority's is there; what is in its way tells", a.hint("cert", "check")}
	case i.Automatic[host]:
		return []string{"automatic for " + host + ", SHA-256 " + i.Fingerprint[host]}
	case !i.SelfSigned[host]:
		return []string{"from a file for " + host + ", SHA-256 " + i.Fingerprint[host]}
	}
	return []string{"self-signed for " + host + ": clients ask whether to trust it. Compare its SHA-256 fingerprint:", i.Fingerprint[host]}
}

// reachable returns the addresses at which other machines find these listeners, IPv4 first, without ports.
func reachable(listeners []net.Addr, machine []netip.Addr) []string {
	var out []netip.Addr
	for _, l := range listeners {
		at, err := netip.ParseAddrPort(l.String())
		switch {
		case err != nil || at.Addr().IsLoopback():
		case !at.Addr().IsUnspecified():
			out = append(out, at.Addr().Unmap())
		default:
			out = append(out, machine...)
		}
	}
	slices.SortStableFunc(out, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() })
	var texts []string
	for _, addr := range slices.Compact(out) {
		texts = append(texts, addr.String())
	}
	return texts
}

// machine returns the addresses of this machine that others may reach.
func machine() []netip.Addr {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var out []netip.Addr
	for _, addr := range addrs {
		if p, err := netip.ParsePrefix(fmt.Sprint(addr)); err == nil && p.Addr().IsGlobalUnicast() {
			out = append(out, p.Addr())
		}
	}
	return out
}
