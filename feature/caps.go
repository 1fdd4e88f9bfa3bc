package feature

import (
	"context"
	"strings"
	"sync"

	"salon.im/salon/config"
	"salon.im/salon/router"
	"salon.im/salon/wire"
)

const nsCaps = "http://jabber.org/protocol/caps"

// maxCaps bounds the verification strings that are remembered, those that proved wrong included.
const maxCaps = 2000

// Capabilities knows what clients support. Its methods are safe for any goroutine; its lock is a leaf.
type Capabilities struct {
	r     *router.Router
	disco *Discovery

	mu    sync.Mutex
	known *router.Recent[capsKey, map[string]bool] // features; nil: asked, and the answer did not fit
	busy  map[capsKey]bool                         // being asked for

	streams map[streamKey]wire.Payload // what Stream made: every login asks for it twice
}

// streamKey is what a host's <c/> is made from: a reload brings other settings, a late feature another count.
type streamKey struct {
	cfg      *config.Config
	host     string
	features int
}

// maxStreams bounds the remembered <c/>; old settings' ones go with the rest.
const maxStreams = 1000

// capsKey names a verification string. One that did not fit is remembered for the session that gave it, since another
// one's answer may fit (XEP-0115 §5.4).
type capsKey struct {
	hash, ver string
	full      wire.Addr
}

// Caps puts the server's capabilities into the stream features and learns those of clients (XEP-0115).
func Caps(r *router.Router, d *Discovery) *Capabilities {
	c := &Capabilities{r: r, disco: d, known: router.NewRecent[capsKey, map[string]bool](maxCaps), busy: map[capsKey]bool{}}
	r.Advertise(router.OnServer, router.XEP{Num: 115, Version: "1.6.0", Status: "complete", Note: "without caps optimisation, which is optional"}, nsCaps)
	r.OnAvailable(func(ctx context.Context, res *router.Resource) { c.learn(ctx, res) })
	return c
}

// Stream returns the <c/> of a host for the stream features (§6.3). It fits c2s.Options.Caps.
func (c *Capabilities) Stream(host string) wire.Payload {
	key := streamKey{c.disco.o.Config(), host, len(c.r.Features(router.OnServer))}
	c.mu.Lock()
	p := c.streams[key]
	c.mu.Unlock()
	if p != nil {
		return p
	}
	p = wire.NewWriter().Start(nsCaps, "c").Attr("hash", "sha-1").Attr("node", capsNode).Attr("ver", c.disco.host(host).ver("sha-1")).Payload()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.streams) >= maxStreams || c.streams == nil {
		c.streams = map[streamKey]wire.Payload{}
	}
	c.streams[key] = p
	return p
}

// Supports reports whether a local session's client has a disco#info feature, as far as it is known: false before its
// answer has come, and for clients whose answer does not fit their verification string. It never blocks; what it does not know
// it asks for.
func (c *Capabilities) Supports(ctx context.Context, full wire.Addr, feature string) bool {
	res := c.r.Resource(full)
	return res != nil && c.learn(ctx, res)[feature]
}

// learn returns the features of a session's client, and asks for them when they are not known. One session is asked for a
// verification string at a time.
func (c *Capabilities) learn(ctx context.Context, res *router.Resource) map[string]bool {
	p := res.Presence()
	if p == nil {
		return nil
	}
	k, ok := p.Stanza.Kid(nsCaps, "c")
	hash, ver, node := k.Attr("hash"), k.Attr("ver"), k.Attr("node")
	if !ok || (info{}).ver(hash) == "" || len(ver) > 128 || len(node) > 1024 {
		return nil // no caps, or of a kind that proves nothing: the format before 1.4 (§5.4 step 1), a hash that we do not have
	}
	key := capsKey{hash: strings.Clone(hash), ver: strings.Clone(ver)}
	wrong := capsKey{key.hash, key.ver, res.Addr()}
	c.mu.Lock()
	features, found := c.known.Get(key)
	_, failed := c.known.Get(wrong)
	if found || failed || c.busy[key] {
		c.mu.Unlock()
		return features
	}
	c.busy[key] = true
	c.mu.Unlock()
	q := wire.NewWriter().Start(nsDiscoInfo, "query").Attr("node", node+"#"+ver).Payload() // §6.2
	ask := wire.New(wire.KindIQ, "get", wire.NewID(), res.Addr().Host(), res.Addr(), q)
	if !c.r.Query(ctx, ask, func(reply wire.Stanza) { c.answered(key, wrong, reply) }) {
		c.answered(key, wrong, wire.Stanza{})
	}
	return nil
}

// answered keeps an answer that fits its verification string (§5.4 step 3).
func (c *Capabilities) answered(key, wrong capsKey, reply wire.Stanza) {
	features := map[string]bool(nil)
	if q, ok := reply.Kid(nsDiscoInfo, "query"); ok && reply.Type() == "result" {
		if i, err := readInfo(q); err == nil && i.ver(key.hash) == key.ver {
			features = make(map[string]bool, len(i.features))
			for _, f := range i.features {
				features[f] = true
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.busy, key)
	if features == nil {
		key = wrong
	}
	c.known.Put(key, features)
}
