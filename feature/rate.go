package feature

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// maxNetworks bounds the addresses that hourly remembers.
const maxNetworks = 10_000

// hourly counts what each address did within the last hour. Safe for any goroutine; its lock is a leaf.
type hourly struct {
	mu sync.Mutex
	m  map[netip.Prefix][]time.Time // oldest first
}

func newHourly() *hourly { return &hourly{m: map[netip.Prefix][]time.Time{}} }

// take counts one, or reports false when there were limit of them in the last hour. When too many addresses are
// remembered, all new ones are refused until some are forgotten: a flood from many addresses opens no door.
func (h *hourly) take(p netip.Prefix, limit int, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, known := h.m[p]; !known && len(h.m) >= maxNetworks {
		h.sweep(now)
		if len(h.m) >= maxNetworks {
			return false
		}
	}
	times := fresh(h.m[p], now)
	if len(times) >= limit {
		h.m[p] = times
		return false
	}
	h.m[p] = append(times, now)
	return true
}

func (h *hourly) sweep(now time.Time) {
	for p, times := range h.m {
		if len(fresh(times, now)) == 0 {
			delete(h.m, p)
		}
	}
}

// fresh returns the times of the last hour.
func fresh(times []time.Time, now time.Time) []time.Time {
	for len(times) > 0 && now.Sub(times[0]) >= time.Hour {
		times = times[1:]
	}
	return times
}

// network returns what counts as one address: an IPv4 address, an IPv6 /64. An address that is none counts as one, too.
func network(a net.Addr) netip.Prefix {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	ip := t.AddrPort().Addr().Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits) // the bits fit
	return p
}
