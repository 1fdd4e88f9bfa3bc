package feature

import (
	"context"
	"encoding/xml"
	"errors"
	"log/slog"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/archive"
	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const nsRSM = "http://jabber.org/protocol/rsm"

// MAMOptions are what MAM needs.
type MAMOptions struct {
	Store storage.Archive
	IDs   archive.IDs
	// Search reports whether a host's archives are searched by their text (XEP-0431); nil: none is.
	Search func(host string) bool
	Log    *slog.Logger
}

// mam answers queries of users' archives. It holds no state of its own: a session's requests are answered one at a time
// anyway, in its flow.
type mam struct {
	r      *router.Router
	reader *archive.Reader
	o      MAMOptions
}

// MAM lets users query their archives (XEP-0313), at their own bare addresses and nobody else.
func MAM(r *router.Router, d *Discovery, o MAMOptions) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Search == nil {
		o.Search = func(string) bool { return false }
	}
	m := &mam{r: r, reader: archive.NewReader(o.Store, o.IDs), o: o}
	r.Advertise(router.OnAccount, router.XEP{Num: 313, Version: "1.1.3", Status: "complete"},
		archive.NSMAM, archive.NSMAMExtended, archive.NSMAMGroupchat)
	r.Advertise(router.OnAccount, router.XEP{Num: 59, Version: "1.0", Status: "complete"}, nsRSM)
	r.Advertise(router.OnAccount, router.XEP{Num: 431, Version: "0.2.0", Status: "complete"}) // its feature: where the host has it
	d.accounts = append(d.accounts, func(host string) []string {
		if o.Search(host) {
			return []string{archive.NSFulltext}
		}
		return nil
	})
	query := xml.Name{Space: archive.NSMAM, Local: "query"}
	metadata := xml.Name{Space: archive.NSMAM, Local: "metadata"}
	r.HandleIQ(router.ToOwn, "set", query, m.query)
	r.HandleIQ(router.ToOwn, "get", query, m.form)
	r.HandleIQ(router.ToOwn, "get", metadata, m.metadata)
	// §8.1; for an account that does not exist too, so that nobody learns which do.
	others := router.ToAccount | router.ToNobody
	forbidden := func(context.Context, wire.Stanza) (wire.Payload, error) { return nil, errForbidden }
	r.HandleIQ(others, "set", query, forbidden)
	r.HandleIQ(others, "get", query, forbidden)
	r.HandleIQ(others, "get", metadata, forbidden)
}

// fields are those that a query may have on a host.
func (m *mam) fields(st wire.Stanza) archive.Fields {
	return archive.Fields{Groupchat: true, Fulltext: m.o.Search(st.From().Domain())}
}

func (m *mam) form(_ context.Context, st wire.Stanza) (wire.Payload, error) {
	return archive.FormPayload(m.fields(st)), nil
}

// query sends a page, and then the result, in that order (XEP-0313 §4).
func (m *mam) query(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
	k, _ := st.Kid(archive.NSMAM, "query")
	q, err := m.reader.ParseRequest(k, m.fields(st))
	if err != nil {
		return nil, err
	}
	to, err := m.r.Pace(ctx, st.From())
	if errors.Is(err, router.ErrGone) {
		return nil, router.ErrAnswered
	}
	if err != nil {
		return nil, busy(err)
	}
	owner := st.From().Bare()
	a, err := m.reader.Query(ctx, owner, q, archive.Bound(to.Allowance))
	if err != nil {
		return nil, busy(err)
	}
	page := make([]wire.Stanza, 0, len(a.Rows)+1)
	for i := range a.Rows {
		if msg := q.Message(owner, st.From(), &a.Rows[i], nil); !msg.IsZero() {
			page = append(page, msg)
			continue
		}
		m.o.Log.Error("an archived message does not parse", "jid", owner.String(), "row", a.Rows[i].ID)
	}
	to.SendAll(append(page, st.Result(q.Fin(a))))
	return nil, router.ErrAnswered
}

// busy tells a client whose outbox or whose store took too long to try again.
func busy(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return stanza.Error{Type: stanza.Wait, Condition: stanza.ResourceConstraint,
			Text: map[string]string{"en": "The archive is busy, or the client does not read; ask again later."}}
	}
	return err
}

func (m *mam) metadata(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
	return m.reader.Metadata(ctx, st.From().Bare())
}
