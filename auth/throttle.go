package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/netip"
	"sync"
	"time"
)

// ErrThrottled is the cause of a Failure when the delay of a Throttle is too long to sit out. The peer is to blame, not the server.
var ErrThrottled = errors.New("auth: too many tries of an account or from an address")

// ThrottleConfig bounds a Throttle. A zero field means its default.
type ThrottleConfig struct {
	FreeTries       int              // tries of one account from one address without delay: 10, room for as many sessions that log in at once
	BaseDelay       time.Duration    // delay of the next try; it doubles with each further one: 1 s
	MaxDelay        time.Duration    // largest distance of two tries, and the longest wait that is worth sitting out: 15 s
	AddressFailures int              // failures that one address may have at once: 100
	AddressRefill   time.Duration    // time in which an address is forgiven one failure: Forget / AddressFailures
	Forget          time.Duration    // time after its last try in which an account is forgiven, and an address all its failures: 1 h
	Entries         int              // accounts and addresses remembered, each; the longest unused goes first: 65,536
	Now             func() time.Time // time.Now
}

// Throttle delays repeated tries to log in.
//
// It counts by the pair (account, address), so that a stranger elsewhere delays nobody, and by the address, so that trying
// many accounts is no way round. An IPv6 address counts as its /64. Every account counts, known or not. A try counts as failed
// until it succeeds, else many at once would all be free.
// Safe for any goroutine; its lock is a leaf. RFC 6120 §6.4.5.
type Throttle struct {
	cfg ThrottleConfig

	mu        sync.Mutex
	pairs     *lru[pairKey, pairTries]
	addresses *lru[netip.Addr, addressFailures]
}

// pairKey holds a hash of the account, so that long names cost no more memory than short ones.
type pairKey struct {
	account [sha256.Size]byte
	addr    netip.Addr
}

type pairTries struct {
	tries int
	last  time.Time // of the last try
	next  time.Time // before which no further try may go on
}

type addressFailures struct {
	level   float64 // failures not yet forgiven, as of updated
	updated time.Time
}

// NewThrottle returns an empty throttle.
func NewThrottle(cfg ThrottleConfig) *Throttle {
	orDefault(&cfg.FreeTries, 10)
	orDefault(&cfg.BaseDelay, time.Second)
	orDefault(&cfg.MaxDelay, 15*time.Second)
	orDefault(&cfg.AddressFailures, 100)
	orDefault(&cfg.Forget, time.Hour)
	orDefault(&cfg.AddressRefill, max(1, cfg.Forget/time.Duration(cfg.AddressFailures)))
	orDefault(&cfg.Entries, 1<<16)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Throttle{cfg: cfg, pairs: newLRU[pairKey, pairTries](cfg.Entries), addresses: newLRU[netip.Addr, addressFailures](cfg.Entries)}
}

func orDefault[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// Wait books a try and returns how long to wait before going on with it; 0 means now.
//
// Over MaxDelay nothing is booked, and the try should be refused. Tries of one pair queue up behind each other.
// account is any name that is the same for the same account, such as a bare JID. Wait does not block.
func (t *Throttle) Wait(account string, addr netip.Addr) time.Duration {
	key := keyOf(account, addr)
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.cfg.Now()
	p := t.pair(key, now)
	wait := max(p.next.Sub(now), t.addressWait(key.addr, now), 0)
	if wait > t.cfg.MaxDelay {
		return wait
	}
	p.tries++
	p.last = now
	p.next = now.Add(wait + t.delayAfter(p.tries))
	t.pairs.put(key, p)
	return wait
}

// Failed counts a failure against the address. The pair was counted by Wait.
func (t *Throttle) Failed(account string, addr netip.Addr) {
	key := keyOf(account, addr)
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.cfg.Now()
	a := t.address(key.addr, now)
	a.level = min(a.level+1, 2*float64(t.cfg.AddressFailures))
	t.addresses.put(key.addr, a)
	if p := t.pair(key, now); p.tries == 0 { // another try succeeded meanwhile, or the entry fell out
		t.pairs.put(key, pairTries{tries: 1, last: now})
	}
}

// Succeeded forgets the pair. The address keeps its failures: owning one account must not buy more guesses at others.
func (t *Throttle) Succeeded(account string, addr netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pairs.delete(keyOf(account, addr))
}

// Excuse takes back a try that Wait booked and nobody judged, because the server failed.
func (t *Throttle) Excuse(account string, addr netip.Addr) {
	key := keyOf(account, addr)
	t.mu.Lock()
	defer t.mu.Unlock()
	p, ok := t.pairs.get(key)
	if !ok || p.tries == 0 {
		return
	}
	if p.tries--; p.tries == 0 {
		t.pairs.delete(key)
		return
	}
	p.next = p.last.Add(t.delayAfter(p.tries))
	t.pairs.put(key, p)
}

// Len returns how many pairs and addresses are remembered.
func (t *Throttle) Len() (pairs, addresses int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pairs.len(), t.addresses.len()
}

func (t *Throttle) pair(key pairKey, now time.Time) pairTries {
	p, _ := t.pairs.get(key)
	if now.Sub(p.last) > t.cfg.Forget {
		return pairTries{}
	}
	return p
}

// address returns the failures of an address as of now, each AddressRefill having taken one away.
func (t *Throttle) address(addr netip.Addr, now time.Time) addressFailures {
	a, _ := t.addresses.get(addr)
	if a.level > 0 {
		a.level = max(0, a.level-float64(now.Sub(a.updated))/float64(t.cfg.AddressRefill))
	}
	a.updated = now
	return a
}

// addressWait is the time until the address is back below its failures.
func (t *Throttle) addressWait(addr netip.Addr, now time.Time) time.Duration {
	over := t.address(addr, now).level - float64(t.cfg.AddressFailures)
	if over < 0 {
		return 0
	}
	return time.Duration((over + 1) * float64(t.cfg.AddressRefill))
}

// delayAfter is the distance from the given try to the next: none while tries are free, then doubling up to MaxDelay.
func (t *Throttle) delayAfter(tries int) time.Duration {
	if tries < t.cfg.FreeTries {
		return 0
	}
	delay := t.cfg.BaseDelay
	for n := t.cfg.FreeTries; n < tries && delay < t.cfg.MaxDelay; n++ {
		delay *= 2
	}
	return min(delay, t.cfg.MaxDelay)
}

func keyOf(account string, addr netip.Addr) pairKey {
	return pairKey{account: sha256.Sum256([]byte(account)), addr: network(addr)}
}

// network returns what counts as one address: an IPv4 address, an IPv6 /64.
func network(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if !addr.Is6() {
		return addr
	}
	prefix, _ := addr.Prefix(64) // 64 fits every IPv6 address
	return prefix.Addr()
}

// admit sits out the delay of a try, or refuses it. It is called once a try, when the user's name is known.
func (p *Params) admit(user string) error {
	if p.Throttle == nil {
		return nil
	}
	wait := p.Throttle.Wait(user+"@"+p.Host, p.Addr)
	switch {
	case wait == 0:
		return nil
	case wait > p.Throttle.cfg.MaxDelay:
		return &Failure{Condition: TemporaryAuthFailure, Text: "too many tries, wait some minutes", cause: ErrThrottled}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-p.context().Done():
		return temporary(context.Cause(p.context()))
	}
}

// conclude books the outcome of a try and returns it: nil for a login.
func (p *Params) conclude(user string, c credential, proven bool) error {
	if p.Throttle != nil {
		if proven && c.known {
			p.Throttle.Succeeded(user+"@"+p.Host, p.Addr)
		} else {
			p.Throttle.Failed(user+"@"+p.Host, p.Addr)
		}
	}
	return c.outcome(proven)
}
