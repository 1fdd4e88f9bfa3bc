package router

import (
	"hash/maphash"
	"sync"
	"sync/atomic"

	"salon.im/salon/wire"
)

// shards is how many ways the session table is split; a power of two.
const shards = 256

// account is one local user who has sessions. resources is replaced whole, so that readers hold no lock.
type account struct {
	bare      wire.Addr
	resources atomic.Pointer[[]*Resource]
	filter    atomic.Pointer[func(wire.Stanza) bool]
	held      atomic.Int64 // see Resource.Held
}

func (a *account) list() []*Resource {
	if p := a.resources.Load(); p != nil {
		return *p
	}
	return nil
}

// table finds sessions by bare address.
type table struct {
	seed   maphash.Seed
	shards [shards]shard
	count  atomic.Int64
}

type shard struct {
	mu sync.RWMutex // a leaf
	m  map[wire.Addr]*account
}

func newTable() *table { return &table{seed: maphash.MakeSeed()} }

func (t *table) shard(bare wire.Addr) *shard { return &t.shards[t.shardIndex(bare)] }

func (t *table) shardIndex(bare wire.Addr) int {
	return int(maphash.Comparable(t.seed, bare) % shards)
}

// find returns the account, nil if it has no session.
func (t *table) find(bare wire.Addr) *account {
	s := t.shard(bare)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.m[bare]
}

// add puts a session into the table. It returns the resource that it replaces, nil if there is none; ok is false when
// the account has max sessions already and none is replaced.
func (t *table) add(s Session, max int) (res, replaced *Resource, ok bool) {
	bare := s.Addr().Bare()
	sh := t.shard(bare)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	a := sh.m[bare]
	if a == nil {
		a = &account{bare: bare}
	}
	old := a.list()
	list := make([]*Resource, 0, len(old)+1)
	for _, r := range old {
		if r.Addr() == s.Addr() {
			replaced = r
			continue
		}
		list = append(list, r)
	}
	if len(list) >= max {
		return nil, nil, false
	}
	res = &Resource{Session: s, account: a}
	list = append(list, res)
	a.resources.Store(&list)
	if sh.m == nil {
		sh.m = make(map[wire.Addr]*account)
	}
	sh.m[bare] = a
	if replaced == nil {
		t.count.Add(1)
	}
	return res, replaced, true
}

// remove takes a resource out of the table and reports whether it was in it: a replaced one is not.
func (t *table) remove(r *Resource) bool {
	sh := t.shard(r.account.bare)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	a := r.account
	old := a.list()
	list := make([]*Resource, 0, len(old))
	for _, o := range old {
		if o != r {
			list = append(list, o)
		}
	}
	if len(list) == len(old) {
		return false
	}
	a.resources.Store(&list)
	if len(list) == 0 {
		delete(sh.m, a.bare)
	}
	t.count.Add(-1)
	return true
}

// all calls f for every account; f must not call the table.
func (t *table) all(f func(*account)) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.RLock()
		accounts := make([]*account, 0, len(s.m))
		for _, a := range s.m {
			accounts = append(accounts, a)
		}
		s.mu.RUnlock()
		for _, a := range accounts {
			f(a)
		}
	}
}
