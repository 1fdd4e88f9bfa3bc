package feature

import (
	"context"
	"encoding/xml"
	"strconv"
	"time"

	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const nsLast = "jabber:iq:last"

// LastOptions are what Last needs.
type LastOptions struct {
	Accounts storage.Accounts
	Rosters  storage.Rosters
	Started  time.Time
	Now      func() time.Time // nil is time.Now
}

type last struct {
	r *router.Router
	o LastOptions
}

// Last tells how long the server runs (XEP-0012 §5), and how long an account has been away (§3): to its owner and to
// contacts that see its presence, else it refuses. The record is kept by the presence feature.
func Last(r *router.Router, o LastOptions) {
	if o.Now == nil {
		o.Now = time.Now
	}
	l := &last{r: r, o: o}
	x := router.XEP{Num: 12, Version: "2.0", Status: "complete"}
	r.Advertise(router.OnServer, x, nsLast)
	r.Advertise(router.OnAccount, x, nsLast)
	query := xml.Name{Space: nsLast, Local: "query"}
	r.HandleIQ(router.ToServer, "get", query, func(context.Context, wire.Stanza) (wire.Payload, error) {
		return secondsSince(o.Now(), o.Started, ""), nil
	})
	r.HandleIQ(router.ToOwn|router.ToAccount, "get", query, l.account)
	// §3 wants forbidden where the presence may not be seen; for an account that does not exist it must be the same.
	r.HandleIQ(router.ToNobody, "get", query, func(context.Context, wire.Stanza) (wire.Payload, error) { return nil, errForbidden })
	r.Check(l.check)
}

// check keeps requests from the resources of those who hide (§4).
func (l *last) check(ctx context.Context, w *router.Walk) error {
	st := w.Stanza
	if st.Kind() != wire.KindIQ || st.Type() != "get" || !st.Has(nsLast, "query") || !l.r.IsHost(st.To().Domain()) {
		return nil
	}
	ok, err := sees(ctx, l.o.Rosters, st.To().Bare(), st.From())
	if err == nil && !ok {
		err = errForbidden
	}
	return err
}

func (l *last) account(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
	bare := account(st)
	ok, err := sees(ctx, l.o.Rosters, bare, st.From())
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, errForbidden
	}
	for _, res := range l.r.Resources(bare) {
		if res.Presence() != nil {
			return secondsSince(l.o.Now(), l.o.Now(), ""), nil // §3: 0 for a user with an available resource
		}
	}
	a, err := l.o.Accounts.Account(ctx, bare)
	if err != nil {
		return nil, err
	}
	if a.LastSeen.IsZero() {
		return nil, errNotFound // the account was never used
	}
	return secondsSince(l.o.Now(), a.LastSeen, a.Status), nil
}

func secondsSince(now, then time.Time, text string) wire.Payload {
	n := max(0, int64(now.Sub(then)/time.Second))
	return wire.NewWriter().Start(nsLast, "query").Attr("seconds", strconv.FormatInt(n, 10)).Text(text).Payload()
}
