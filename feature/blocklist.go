package feature

import "salon.im/salon/wire"

// blocklist is whom one user does not want to hear of (XEP-0191), immutable. nil blocks nobody.
type blocklist struct {
	owner wire.Addr
	addrs map[wire.Addr]struct{}
}

func newBlocklist(owner wire.Addr, addrs []wire.Addr) *blocklist {
	if len(addrs) == 0 {
		return nil
	}
	l := &blocklist{owner: owner.Clone(), addrs: make(map[wire.Addr]struct{}, len(addrs))}
	for _, a := range addrs {
		l.addrs[a.Clone()] = struct{}{}
	}
	return l
}

func (l *blocklist) len() int {
	if l == nil {
		return 0
	}
	return len(l.addrs)
}

// split returns those of the addresses that are entries of the list, and the others, each once.
func (l *blocklist) split(addrs []wire.Addr) (listed, others []wire.Addr) {
	seen := make(map[wire.Addr]struct{}, len(addrs))
	for _, a := range addrs {
		if _, ok := seen[a]; ok {
			continue
		}
		seen[a] = struct{}{}
		if l != nil {
			if _, ok := l.addrs[a]; ok {
				listed = append(listed, a)
				continue
			}
		}
		others = append(others, a)
	}
	return listed, others
}

// has reports whether an address is blocked, by the order of XEP-0191 §5: itself, the bare address, the resource of its
// domain, the domain. A user's own sessions and own server never are.
func (l *blocklist) has(addr wire.Addr) bool {
	if l == nil || addr.IsZero() || addr.Bare() == l.owner || addr == l.owner.Host() {
		return false
	}
	for _, a := range [3]wire.Addr{addr, addr.Bare(), addr.Host()} {
		if _, ok := l.addrs[a]; ok {
			return true
		}
	}
	return false
}

// matches reports whether an entry of a block list covers an address or a part of what it names: a bare entry covers all
// resources, a domain everything in it; a full entry concerns the contact that it belongs to.
func matches(entry, addr wire.Addr) bool {
	switch {
	case entry.IsHost():
		return entry == addr.Host()
	case entry.IsFull() && !addr.IsFull():
		return entry.Bare() == addr
	case entry.IsFull():
		return entry == addr
	}
	return entry == addr.Bare()
}
