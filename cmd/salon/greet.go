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
	host := i.Hosts[0]
	user := "alice@" + host.Name
	a.say("\nSalon serves %s.\n\n", names(i.Hosts))
	a.item("Listening", listening(i))
	a.item("Add a user", a.hint("user", "add", user))
	a.item("In Gajim", gajim(user, host, i))
	a.item("Settings", a.settings(cfg))
	a.item("Certificate", certificate(host)...)
	for _, h := range i.Hosts[1:] {
		a.item("", certificate(h)...)
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

func names(hosts []hostInfo) string {
	var out []string
	for _, h := range hosts {
		out = append(out, h.Name+" with rooms at "+h.Rooms)
	}
	return strings.Join(out, ", ")
}

func listening(i info) string {
	parts := []string{strings.Join(i.C2S, " ") + " (STARTTLS)", strings.Join(i.Direct, " ") + " (direct TLS)"}
	if i.HTTP != "" {
		parts = append(parts, i.HTTP+" (health, metrics)")
	}
	return strings.Join(parts, ", ")
}

// gajim says what to type. Where a name leads is the network's affair: without DNS the client must be told an address.
func gajim(user string, host hostInfo, i info) string {
	text := "add the account " + user
	if addrs := reachable(i.C2S, machine()); host.Name != "localhost" && net.ParseIP(strings.Trim(host.Name, "[]")) == nil && len(addrs) > 0 {
		text += " (without DNS for " + host.Name + ", give the hostname " + addrs[0] + " under Advanced)"
	}
	if host.SelfSigned {
		text += ", accept the certificate"
	}
	if host.Lobby != "" {
		text += ", join " + host.Lobby
	}
	return text
}

func (a *app) settings(cfg *config.Config) string {
	if file := a.source().Path(); file != "" {
		return file
	}
	return "all defaults; to change some: " + a.invoked + " config example > " + quote(filepath.Join(cfg.Data, "salon.yaml"))
}

func certificate(h hostInfo) []string {
	if !h.SelfSigned {
		return []string{"from a file for " + h.Name + ", SHA-256 " + h.Fingerprint}
	}
	return []string{"self-signed for " + h.Name + ": clients ask whether to trust it. Compare its SHA-256 fingerprint:", h.Fingerprint}
}

// reachable returns the addresses at which other machines find these listeners, IPv4 first, without ports.
func reachable(listeners []string, machine []netip.Addr) []string {
	var out []netip.Addr
	for _, l := range listeners {
		at, err := netip.ParseAddrPort(l)
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
