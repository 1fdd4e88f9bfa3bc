package feature

import (
	"context"
	"encoding/xml"
	"errors"

	"salon.im/salon/config"
	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const (
	nsPrivate    = "jabber:iq:private"
	docPrivate   = "private" // kind of document
	maxFragments = 32        // elements in one request
)

type private struct {
	store  storage.Documents
	config func() *config.Config
}

// Private keeps private XML for its owner alone (XEP-0049): one document for each element's namespace and name.
func Private(r *router.Router, store storage.Documents, cfg func() *config.Config) {
	p := &private{store: store, config: cfg}
	x := router.XEP{Num: 49, Version: "1.2", Status: "complete"}
	r.Advertise(router.OnServer, x, nsPrivate)
	r.Advertise(router.OnAccount, x, nsPrivate)
	query := xml.Name{Space: nsPrivate, Local: "query"}
	r.HandleIQ(router.ToOwn, "get", query, p.get)
	r.HandleIQ(router.ToOwn, "set", query, p.set)
	forbidden := func(context.Context, wire.Stanza) (wire.Payload, error) { return nil, errForbidden } // §2.3
	for _, typ := range []string{"get", "set"} {
		r.HandleIQ(router.ToServer|router.ToAccount|router.ToNobody, typ, query, forbidden)
	}
}

// get answers with what is stored, or with the empty element of the request: clients take that for "nothing yet".
func (p *private) get(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
	q, _ := st.Kid(nsPrivate, "query")
	w := wire.NewWriter().Start(nsPrivate, "query")
	n := 0
	for k := range q.Kids() {
		if n++; n > 1 {
			return nil, errNotAcceptable // §2.3: one namespace in a get
		}
		if !ownNamespace(k) {
			return nil, errNotAcceptable
		}
		doc, err := p.store.Document(ctx, st.From().Bare(), docPrivate, fragmentKey(k))
		switch {
		case errors.Is(err, storage.ErrNotFound):
			w.Start(k.Name().Space, k.Name().Local).End()
		case err != nil:
			return nil, err
		default:
			w.Raw(doc)
		}
	}
	if n == 0 {
		return nil, errBadRequest // §2.3: bad-format was its name before RFC 3920
	}
	return w.Payload(), nil
}

// set stores each element in place of the one before; one without content takes no room.
func (p *private) set(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
	q, _ := st.Kid(nsPrivate, "query")
	n := 0
	for k := range q.Kids() {
		if n++; n > maxFragments || !ownNamespace(k) {
			return nil, errNotAcceptable
		}
	}
	if n == 0 {
		return nil, errNotAcceptable // §2.3
	}
	quota := int64(p.config().Limits.PrivateBytes)
	for k := range q.Kids() {
		if err := p.store.PutDocument(ctx, st.From().Bare(), docPrivate, fragmentKey(k), k.Payload(), quota); err != nil {
			return nil, stored(err, "There is no room for more private data.")
		}
	}
	return nil, nil
}

// ownNamespace reports whether a fragment has a namespace of its own (§2.3). Those that start with jabber: are not refused:
// that is optional, and clients store such.
func ownNamespace(k wire.Kid) bool {
	ns := k.Name().Space
	return ns != "" && ns != nsPrivate && ns != wire.NSClient
}

func fragmentKey(k wire.Kid) string { return k.Name().Space + " " + k.Name().Local }
