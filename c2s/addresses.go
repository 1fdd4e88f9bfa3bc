package c2s

import (
	"net"
	"net/netip"
	"sync"

	"salon.im/salon/config"
)

// addrCounter bounds the connections of one address; an IPv6 address counts by its /64.
type addrCounter struct {
	mu sync.Mutex // a leaf
	m  map[netip.Prefix]int
}

// remoteAddr returns the peer's IP, the zero value for connections without one (tests).
func remoteAddr(a net.Addr) netip.Addr {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// take counts a connection and returns what ends the count, or false when the address has too many.
func (c *addrCounter) take(a net.Addr, cfg *config.Config) (release func(), ok bool) {
	ip := remoteAddr(a)
	if !ip.IsValid() || exempt(ip, cfg) {
		return func() {}, true
	}
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	key, _ := ip.Prefix(bits)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m[key] >= cfg.Limits.ConnectionsPerAddress {
		return nil, false
	}
	c.m[key]++
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.m[key]--; c.m[key] == 0 {
			delete(c.m, key)
		}
	}), true
}

func exempt(ip netip.Addr, cfg *config.Config) bool {
	for _, p := range cfg.Limits.ExemptPrefixes() {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}
