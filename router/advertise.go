package router

import (
	"cmp"
	"slices"
	"sync"

	"salon.im/salon/wire"
)

// Scope says whose disco#info a feature stands in.
type Scope uint8

// The scopes of Advertise.
const (
	OnServer  Scope = iota // a host's own address
	OnAccount              // a user's bare address
	OnService              // a conference service
	OnRoom                 // every room
	OnStream               // a stream feature: in no disco#info, but in the list of what is implemented
)

// XEP is an entry of doap.xml: what is implemented, in which version, and how far.
type XEP struct {
	Num     int
	Version string
	Status  string // "complete" or "partial"
	Note    string
}

// Identity is a disco#info identity (XEP-0030 §3.1).
type Identity struct{ Category, Type, Name string }

// Item is an entry of the server's disco#items (XEP-0030 §4.1).
type Item struct {
	Addr wire.Addr
	Name string
}

// registry is the only source for disco#info and for doap.xml. It is filled before Serve; the mutex guards tests that
// register late.
type registry struct {
	mu         sync.RWMutex
	features   map[Scope][]string
	identities map[Scope][]Identity
	items      map[string][]Item
	xeps       map[int]XEP
}

// Advertise says that a XEP is implemented, with the features it adds to a scope's disco#info (none where the XEP has
// none). A XEP may be advertised in several scopes.
func (r *Router) Advertise(scope Scope, x XEP, features ...string) {
	g := &r.registry
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.features == nil {
		g.features, g.identities = map[Scope][]string{}, map[Scope][]Identity{}
		g.items, g.xeps = map[string][]Item{}, map[int]XEP{}
	}
	if x.Num != 0 {
		g.xeps[x.Num] = x
	}
	for _, f := range features {
		if !slices.Contains(g.features[scope], f) {
			g.features[scope] = append(g.features[scope], f)
		}
	}
	slices.Sort(g.features[scope])
}

// Identify adds an identity to a scope's disco#info.
func (r *Router) Identify(scope Scope, id Identity) {
	r.Advertise(scope, XEP{})
	r.registry.mu.Lock()
	defer r.registry.mu.Unlock()
	r.registry.identities[scope] = append(r.registry.identities[scope], id)
}

// AddItem adds a service to a host's disco#items.
func (r *Router) AddItem(host string, it Item) {
	r.Advertise(OnServer, XEP{})
	r.registry.mu.Lock()
	defer r.registry.mu.Unlock()
	r.registry.items[host] = append(r.registry.items[host], it)
}

// Features returns a scope's features in order. The slice must not be modified.
func (r *Router) Features(scope Scope) []string {
	r.registry.mu.RLock()
	defer r.registry.mu.RUnlock()
	return r.registry.features[scope]
}

// Identities returns a scope's identities.
func (r *Router) Identities(scope Scope) []Identity {
	r.registry.mu.RLock()
	defer r.registry.mu.RUnlock()
	return r.registry.identities[scope]
}

// Items returns a host's services.
func (r *Router) Items(host string) []Item {
	r.registry.mu.RLock()
	defer r.registry.mu.RUnlock()
	return r.registry.items[host]
}

// XEPs returns everything that was advertised, by number.
func (r *Router) XEPs() []XEP {
	r.registry.mu.RLock()
	defer r.registry.mu.RUnlock()
	out := make([]XEP, 0, len(r.registry.xeps))
	for _, x := range r.registry.xeps {
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b XEP) int { return cmp.Compare(a.Num, b.Num) })
	return out
}
