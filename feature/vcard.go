package feature

import (
	"context"
	"encoding/xml"
	"errors"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/config"
	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const (
	nsVCard  = "vcard-temp"
	docVCard = "vcard" // kind of document
)

type vcards struct {
	store  storage.Documents
	config func() *config.Config
}

// VCard keeps the vCards of accounts. Everyone may read them, their owner alone may change them (XEP-0054). The photo's hash
// in presence is the clients' own matter: XEP-0153 asks a server for nothing but to pass it on.
func VCard(r *router.Router, store storage.Documents, cfg func() *config.Config) {
	v := &vcards{store: store, config: cfg}
	x := router.XEP{Num: 54, Version: "1.3.0", Status: "complete"}
	r.Advertise(router.OnServer, x, nsVCard)
	r.Advertise(router.OnAccount, x, nsVCard)
	r.Advertise(router.OnAccount, router.XEP{Num: 153, Version: "1.1.1", Status: "complete", Note: "clients publish the hash of their photo"})
	name := xml.Name{Space: nsVCard, Local: "vCard"}
	r.HandleIQ(router.ToOwn, "get", name, v.own)
	r.HandleIQ(router.ToAccount, "get", name, v.other)
	r.HandleIQ(router.ToOwn, "set", name, v.set)
	r.HandleIQ(router.ToServer|router.ToAccount|router.ToNobody, "set", name, // §3.2
		func(context.Context, wire.Stanza) (wire.Payload, error) { return nil, errForbidden })
}

// own answers the owner: item-not-found before there is any (§3.1).
func (v *vcards) own(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
	return v.read(ctx, st, errNotFound)
}

// other answers anyone else. No vCard and no account look the same (§3.3).
func (v *vcards) other(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
	return v.read(ctx, st, errUnavailable)
}

func (v *vcards) read(ctx context.Context, st wire.Stanza, none error) (wire.Payload, error) {
	doc, err := v.store.Document(ctx, account(st), docVCard, "")
	if errors.Is(err, storage.ErrNotFound) {
		return nil, none
	}
	return doc, err
}

func (v *vcards) set(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
	k, _ := st.Kid(nsVCard, "vCard")
	p, quota := k.Payload(), int64(v.config().Limits.VCardBytes)
	if int64(len(p)) > quota {
		return nil, stanza.Error{Type: stanza.Modify, Condition: stanza.NotAcceptable, Text: map[string]string{"en": "The vCard is too large; choose a smaller photo."}}
	}
	return nil, stored(v.store.PutDocument(ctx, st.From().Bare(), docVCard, "", p, quota), "The vCard is too large.")
}
