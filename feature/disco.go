package feature

import (
	"context"
	"encoding/xml"
	"slices"

	"salon.im/salon/config"
	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const (
	nsDiscoInfo  = "http://jabber.org/protocol/disco#info"
	nsDiscoItems = "http://jabber.org/protocol/disco#items"
	nsServerInfo = "http://jabber.org/network/serverinfo" // XEP-0157 §3
)

// DiscoOptions are what Disco needs.
type DiscoOptions struct {
	Config  func() *config.Config
	Rosters storage.Rosters
	// Name is the server's name for people, "" for none.
	Name string
}

// Discovery answers disco#info and disco#items for the hosts and the accounts. Features hang their nodes on it before Serve.
type Discovery struct {
	r     *router.Router
	o     DiscoOptions
	nodes []node
	// accounts say what else the accounts of a host can do, where that is not the same on every host.
	accounts []func(host string) []string
}

// node answers for the disco nodes that it knows; ok is false for others. It must check what the asker may see.
type node struct {
	target router.Target
	info   func(ctx context.Context, st wire.Stanza, node string) (i info, ok bool, err error)
	items  func(ctx context.Context, st wire.Stanza, node string) (items []item, ok bool, err error)
}

type item struct {
	addr       wire.Addr
	node, name string
}

// Disco answers service discovery for the server and for local accounts, from what all features advertise (XEP-0030),
// with the contact addresses of the host (XEP-0128, XEP-0157).
func Disco(r *router.Router, o DiscoOptions) *Discovery {
	d := &Discovery{r: r, o: o}
	x := router.XEP{Num: 30, Version: "2.5.0", Status: "complete"}
	r.Advertise(router.OnServer, x, nsDiscoInfo, nsDiscoItems)
	r.Advertise(router.OnAccount, x, nsDiscoInfo, nsDiscoItems)
	r.Advertise(router.OnServer, router.XEP{Num: 128, Version: "1.0.1", Status: "complete"})
	r.Advertise(router.OnServer, router.XEP{Num: 157, Version: "1.1.1", Status: "complete"})
	r.Advertise(router.OnServer, router.XEP{Num: 504, Version: "0.1.0", Status: "partial", Note: "how long messages are kept"})
	r.Identify(router.OnServer, router.Identity{Category: "server", Type: "im", Name: o.Name})
	r.Identify(router.OnAccount, router.Identity{Category: "account", Type: "registered"}) // XEP-0030 §3.1
	query := func(ns string) xml.Name { return xml.Name{Space: ns, Local: "query"} }
	r.HandleIQ(router.ToServer, "get", query(nsDiscoInfo), d.serverInfo)
	r.HandleIQ(router.ToServer, "get", query(nsDiscoItems), d.serverItems)
	r.HandleIQ(router.ToOwn|router.ToAccount, "get", query(nsDiscoInfo), d.accountInfo)
	r.HandleIQ(router.ToOwn|router.ToAccount, "get", query(nsDiscoItems), d.accountItems)
	r.HandleIQ(router.ToNobody, "get", query(nsDiscoItems), noItems)
	return d
}

// noItems answers for an account that does not exist as for one that the asker may not see (XEP-0030 §8).
func noItems(_ context.Context, st wire.Stanza) (wire.Payload, error) {
	q, _ := st.Kid(nsDiscoItems, "query")
	return itemsPayload(q.Attr("node"), nil), nil
}

// host is what the server itself says about a host.
func (d *Discovery) host(host string) info {
	i := d.scope(router.OnServer)
	if f := d.contacts(host); len(f.Fields) > 0 {
		i.forms = append(i.forms, f)
	}
	i.forms = append(i.forms, d.dataPolicy(host))
	return i
}

func (d *Discovery) scope(s router.Scope) info {
	i := info{features: d.r.Features(s)}
	for _, id := range d.r.Identities(s) {
		i.identities = append(i.identities, identity{Identity: id})
	}
	return i
}

// contacts is the form of a host's contact addresses (XEP-0157 §3).
func (d *Discovery) contacts(host string) wire.Form {
	f := wire.Form{FormType: nsServerInfo}
	c := d.o.Config().HostNamed(host).Contact
	if c == nil {
		return f
	}
	for _, x := range []struct {
		name   string
		values []string
	}{
		{"abuse", c.Abuse}, {"admin", c.Admin}, {"feedback", c.Feedback}, {"sales", c.Sales},
		{"security", c.Security}, {"status", c.Status}, {"support", c.Support},
	} {
		if len(x.values) > 0 {
			f.Fields = append(f.Fields, wire.Field{Var: x.name + "-addresses", Type: "list-multi", Values: x.values})
		}
	}
	return f
}

// capsNode is the node part of our capabilities, what the hash is said to belong to (XEP-0115 §4).
const capsNode = "https://salon.im/"

func (d *Discovery) serverInfo(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
	q, _ := st.Kid(nsDiscoInfo, "query")
	i := d.host(st.To().Domain())
	if n := q.Attr("node"); n != "" && n != capsNode+"#"+i.ver("sha-1") {
		return d.nodeInfo(ctx, router.ToServer, st, n)
	} else {
		return i.payload(n), nil
	}
}

func (d *Discovery) serverItems(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
	q, _ := st.Kid(nsDiscoItems, "query")
	if n := q.Attr("node"); n != "" {
		return d.nodeItems(ctx, router.ToServer, st, n)
	}
	var items []item
	for _, it := range d.r.Items(st.To().Domain()) {
		items = append(items, item{addr: it.Addr, name: it.Name})
	}
	return itemsPayload("", items), nil
}

// accountInfo describes an account to its owner and to contacts that see its presence; to anyone else it is as if the
// account did not exist (XEP-0030 §8).
func (d *Discovery) accountInfo(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
	ok, err := sees(ctx, d.o.Rosters, account(st), st.From())
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errUnavailable
	}
	q, _ := st.Kid(nsDiscoInfo, "query")
	if n := q.Attr("node"); n != "" {
		return d.nodeInfo(ctx, router.ToAccount, st, n)
	}
	i := d.scope(router.OnAccount)
	for _, f := range d.accounts {
		i.features = append(slices.Clone(i.features), f(account(st).Domain())...)
	}
	return i.payload(""), nil
}

// accountItems lists the available resources to those who see the presence, and nothing to anyone else (XEP-0030 §4.1, §8).
func (d *Discovery) accountItems(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
	q, _ := st.Kid(nsDiscoItems, "query")
	n := q.Attr("node")
	ok, err := sees(ctx, d.o.Rosters, account(st), st.From())
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return itemsPayload(n, nil), nil
	case n != "":
		return d.nodeItems(ctx, router.ToAccount, st, n)
	}
	var items []item
	for _, res := range d.r.Resources(account(st)) {
		if res.Presence() != nil {
			items = append(items, item{addr: res.Addr()})
		}
	}
	return itemsPayload("", items), nil
}

// account is the account that an IQ asks about: no `to` is the sender's own (RFC 6120 §10.3.3).
func account(st wire.Stanza) wire.Addr {
	if st.To().IsZero() {
		return st.From().Bare()
	}
	return st.To().Bare()
}

func (d *Discovery) nodeInfo(ctx context.Context, t router.Target, st wire.Stanza, name string) (wire.Payload, error) {
	for _, n := range d.nodes {
		if n.target&t == 0 {
			continue
		}
		if i, ok, err := n.info(ctx, st, name); ok || err != nil {
			return i.payload(name), err
		}
	}
	return nil, errNotFound // XEP-0030 §7
}

func (d *Discovery) nodeItems(ctx context.Context, t router.Target, st wire.Stanza, name string) (wire.Payload, error) {
	for _, n := range d.nodes {
		if n.target&t == 0 {
			continue
		}
		if items, ok, err := n.items(ctx, st, name); ok || err != nil {
			return itemsPayload(name, items), err
		}
	}
	return nil, errNotFound
}

func itemsPayload(node string, items []item) wire.Payload {
	w := wire.NewWriter().Start(nsDiscoItems, "query").AttrIf("node", node)
	for _, it := range items {
		w.Start("", "item").Attr("jid", it.addr.String()).AttrIf("node", it.node).AttrIf("name", it.name).End()
	}
	return w.Payload()
}
