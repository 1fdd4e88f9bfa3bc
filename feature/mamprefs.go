package feature

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/archive"
	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const (
	docPrefs = "archive-prefs" // kind of document
	// maxPrefs bounds each of the two lists, maxCachedPrefs the preferences in memory: their addresses, and one for each
	// account, over all accounts.
	maxPrefs       = 200
	maxCachedPrefs = 1 << 17
)

// Preferences keep what users want archived (XEP-0441). Safe for any goroutine.
type Preferences struct {
	r       *router.Router
	docs    storage.Documents
	rosters *Rosters
	turns   turns
	cache   *cache[*prefs]
}

// prefs are one account's preferences, immutable. nil archives everything.
type prefs struct {
	def           string // "always", "never" or "roster"
	always, never map[wire.Addr]bool
}

// ArchivePreferences lets users say what goes into their archives, and holds rows against it. Register it after Archive,
// whose rows it takes away, each side's by that side's preferences alone.
//
// What a recipient does not want archived is delivered all the same: such a row is of the kind RowPassing, which no query
// finds, and is gone with its delivery.
func ArchivePreferences(r *router.Router, docs storage.Documents, rosters *Rosters) *Preferences {
	p := &Preferences{r: r, docs: docs, rosters: rosters}
	p.cache = newCache(maxCachedPrefs, func(x *prefs) int { return x.len() + 1 })
	name := xml.Name{Space: archive.NSMAM, Local: "prefs"}
	r.HandleIQ(router.ToOwn, "get", name, p.get)
	r.HandleIQ(router.ToOwn, "set", name, p.set)
	forbidden := func(context.Context, wire.Stanza) (wire.Payload, error) { return nil, errForbidden }
	for _, typ := range []string{"get", "set"} {
		r.HandleIQ(router.ToAccount|router.ToNobody, typ, name, forbidden)
	}
	r.Amend(p.amend)
	r.Advertise(router.OnAccount, router.XEP{Num: 441, Version: "0.2.0", Status: "complete"}) // it has no feature of its own
	return p
}

// amend takes the rows away that their owners do not want. Of one that waits for its delivery only that is left.
func (p *Preferences) amend(ctx context.Context, w *router.Walk) error {
	rows := w.Rows[:0]
	for _, row := range w.Rows {
		target := w.Stanza.From() // XEP-0441 §2.3.3
		if row.Outgoing {
			target = w.Stanza.To() // §2.3.2
		}
		keep, err := p.Keeps(ctx, row.Owner, target)
		switch {
		case err != nil:
			return err
		case keep:
		case row.Undelivered:
			row.Kind = storage.RowPassing
		default:
			continue
		}
		rows = append(rows, row)
	}
	w.Rows = rows
	return nil
}

// Keeps reports whether an owner wants messages to or from an address archived (XEP-0441 §2.3.1).
func (p *Preferences) Keeps(ctx context.Context, owner, target wire.Addr) (bool, error) {
	x, err := p.load(ctx, owner)
	if err != nil || x == nil {
		return true, err
	}
	for _, a := range []wire.Addr{target, target.Bare()} {
		switch {
		case x.never[a]:
			return false, nil
		case x.always[a]:
			return true, nil
		}
	}
	switch x.def {
	case "never":
		return false, nil
	case "roster":
		return p.rosters.has(ctx, owner, target.Bare(), listed)
	}
	return true, nil
}

// load returns the owner's preferences.
func (p *Preferences) load(ctx context.Context, owner wire.Addr) (*prefs, error) {
	if x, ok := p.cache.get(owner); ok {
		return x, nil
	}
	defer p.turns.take(owner)()
	if x, ok := p.cache.get(owner); ok {
		return x, nil
	}
	doc, err := p.docs.Document(ctx, owner, docPrefs, "")
	if errors.Is(err, storage.ErrNotFound) {
		p.cache.put(owner, nil)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	st, err := wire.Parse(doc)
	if err != nil {
		return nil, fmt.Errorf("feature: read the archiving preferences of %s: %w", owner, err)
	}
	x, err := readPrefs(st.Attr("default"), st.Kids())
	if err != nil {
		return nil, fmt.Errorf("feature: read the archiving preferences of %s: %w", owner, err)
	}
	p.cache.put(owner, x)
	return x, nil
}

// Forget drops what memory holds of an account that was deleted.
func (p *Preferences) Forget(owner wire.Addr) { p.cache.forget(owner) }

func (p *Preferences) get(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
	x, err := p.load(ctx, st.From().Bare())
	return x.payload(), err
}

// set takes all preferences over, and answers with them (XEP-0441 §2.1).
func (p *Preferences) set(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
	k, _ := st.Kid(archive.NSMAM, "prefs")
	x, err := readPrefs(k.Attr("default"), k.Kids())
	if err != nil {
		return nil, err
	}
	owner := st.From().Bare()
	defer p.turns.take(owner)()
	if err := p.docs.PutDocument(ctx, owner, docPrefs, "", x.payload(), 0); err != nil {
		return nil, err
	}
	p.cache.put(owner, x)
	return x.payload(), nil
}

// readPrefs reads what <prefs/> says. The error is the sender's.
func readPrefs(def string, kids func(func(wire.Kid) bool)) (*prefs, error) {
	x := &prefs{def: def}
	switch def {
	case "always", "never", "roster": // XEP-0441 §2.1.1
	default:
		return nil, errBadRequest
	}
	for k := range kids {
		list := &x.always
		switch {
		case k.Is(archive.NSMAM, "always"):
		case k.Is(archive.NSMAM, "never"):
			list = &x.never
		default:
			return nil, errBadRequest
		}
		if *list != nil {
			return nil, errBadRequest
		}
		var err error
		if *list, err = readPrefList(k); err != nil {
			return nil, err
		}
	}
	for a := range x.always {
		if x.never[a] {
			return nil, errBadRequest // it cannot be both
		}
	}
	return x, nil
}

func readPrefList(k wire.Kid) (map[wire.Addr]bool, error) {
	list := map[wire.Addr]bool{}
	for j := range k.Kids() {
		a, err := wire.ParseAddr(j.Text())
		if err != nil || !j.Is(archive.NSMAM, "jid") {
			return nil, errBadRequest
		}
		if list[a.Clone()] = true; len(list) > maxPrefs {
			return nil, stanza.Error{Type: stanza.Wait, Condition: stanza.ResourceConstraint,
				Text: map[string]string{"en": "There are too many addresses in a list."}}
		}
	}
	return list, nil
}

func (x *prefs) len() int {
	if x == nil {
		return 0
	}
	return len(x.always) + len(x.never)
}

// payload is <prefs/>, with both lists, be they empty (XEP-0441 §2.1).
func (x *prefs) payload() wire.Payload {
	if x == nil {
		x = &prefs{def: "always"}
	}
	w := wire.NewWriter().Start(archive.NSMAM, "prefs").Attr("default", x.def)
	for _, l := range []struct {
		name string
		list map[wire.Addr]bool
	}{{"always", x.always}, {"never", x.never}} {
		w.Start("", l.name)
		var jids []string
		for a := range l.list {
			jids = append(jids, a.String())
		}
		slices.Sort(jids)
		for _, jid := range jids {
			w.Elem("", "jid", jid)
		}
		w.End()
	}
	return w.Payload()
}
