package feature

import (
	"context"
	"encoding/xml"
	"errors"
	"slices"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/config"
	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const (
	nsRoster = "jabber:iq:roster"

	maxNameBytes = 1023    // of a contact's name and of a group's
	maxGroups    = 100     // of one contact
	maxItemBytes = 8 << 10 // of a contact's name and groups together
	// maxRequests bounds the unanswered requests of people who are not in the roster, so that strangers cannot fill it.
	maxRequests = 200
	// maxCachedContacts bounds the rosters in memory, over all accounts: about 60 MB. An account that finds
	// no room is read again when its presence changes.
	maxCachedContacts = 1 << 20
)

// Rosters keeps the contact lists: it answers for them, changes them, and tells the clients that asked (RFC 6121 §2).
//
// Presence needs the list at every turn, so rosters of accounts with sessions are kept in brief. Safe for any goroutine.
type Rosters struct {
	r     *router.Router
	store storage.Rosters
	cfg   func() *config.Config
	turns turns
	cache *cache[contacts]
	// removed is called with what an item was before its user removed it (§2.5.2). The presence feature sets it.
	removed func(ctx context.Context, owner wire.Addr, was storage.RosterItem)
}

// Roster answers for contact lists. Its outcome goes to Presence.
func Roster(r *router.Router, store storage.Rosters, cfg func() *config.Config) *Rosters {
	s := &Rosters{r: r, store: store, cfg: cfg}
	s.cache = newCache(maxCachedContacts, func(l contacts) int { return len(l) + 1 })
	s.removed = func(context.Context, wire.Addr, storage.RosterItem) {}
	query := xml.Name{Space: nsRoster, Local: "query"}
	r.HandleIQ(router.ToOwn, "get", query, s.get)
	r.HandleIQ(router.ToOwn, "set", query, s.set)
	r.Advertise(router.OnServer, router.XEP{}, nsRoster)
	return s
}

// contacts returns the owner's contacts in brief, from memory if the owner has sessions.
func (s *Rosters) contacts(ctx context.Context, owner wire.Addr) (contacts, error) {
	if l, ok := s.cache.get(owner); ok {
		return l, nil
	}
	defer s.turns.take(owner)()
	if l, ok := s.cache.get(owner); ok {
		return l, nil
	}
	items, _, err := s.store.Roster(ctx, owner)
	if err != nil {
		return nil, err
	}
	return s.keep(owner, items), nil
}

// has reports whether a contact is in the owner's roster in that way: seesUs, listed. For an owner without sessions it reads
// one item.
func (s *Rosters) has(ctx context.Context, owner, contact wire.Addr, bit uint8) (bool, error) {
	if len(s.r.Resources(owner)) > 0 {
		l, err := s.contacts(ctx, owner)
		return l.get(contact).is(bit), err
	}
	it, err := s.store.RosterItem(ctx, owner, contact)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return newContact(&it).is(bit), err
}

// keep remembers a roster just read, for accounts with sessions.
func (s *Rosters) keep(owner wire.Addr, items []storage.RosterItem) contacts {
	l := newContacts(items)
	if len(s.r.Resources(owner)) > 0 {
		s.cache.put(owner, l)
	}
	return l
}

// errUnchanged makes change leave the item as it is.
var errUnchanged = errors.New("feature: unchanged")

// change updates one item and pushes it to the interested sessions. first runs when the item is stored, before the push;
// it may only send. It returns storage.ErrQuota.
func (s *Rosters) change(ctx context.Context, owner, contact wire.Addr, f func(*storage.RosterItem) error, first func()) error {
	defer s.turns.take(owner)()
	limit := s.cfg().Limits.RosterItems + maxRequests
	var was storage.RosterItem
	item, version, err := s.store.UpdateRosterItem(ctx, owner, contact, limit, func(it *storage.RosterItem) error {
		was = *it
		return f(it)
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	if err != nil {
		return err
	}
	if l, ok := s.cache.get(owner); ok {
		s.cache.put(owner, l.with(&item, item.Listed || item.Ask || item.Approved || len(item.Request) > 0))
	}
	if first != nil {
		first()
	}
	if item.Version != was.Version {
		s.push(owner, &item, version)
	}
	return nil
}

// set adds, changes or removes one contact (RFC 6121 §2.3, §2.4, §2.5).
func (s *Rosters) set(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
	owner := st.From().Bare()
	query, _ := st.Kid(nsRoster, "query")
	items := slices.Collect(query.Kids())
	if len(items) != 1 || !items[0].Is(nsRoster, "item") {
		return nil, stanza.Error{Type: stanza.Modify, Condition: stanza.BadRequest} // §2.3.3
	}
	want, err := parseItem(items[0])
	if err != nil {
		return nil, err
	}
	if want.Contact == owner {
		return nil, stanza.Error{Type: stanza.Cancel, Condition: stanza.NotAllowed}
	}
	if items[0].Attr("subscription") == "remove" {
		return nil, s.remove(ctx, owner, want.Contact)
	}
	full, err := s.isFull(ctx, owner, want.Contact)
	if err != nil {
		return nil, err
	}
	if full {
		return nil, errFull
	}
	err = s.change(ctx, owner, want.Contact, func(it *storage.RosterItem) error {
		it.Name, it.Groups, it.Listed = want.Name, want.Groups, true
		return nil
	}, nil)
	if errors.Is(err, storage.ErrQuota) {
		return nil, errFull
	}
	return nil, err
}

// errFull says that limits.roster_items is reached.
var errFull = stanza.Error{Type: stanza.Cancel, Condition: stanza.ResourceConstraint,
	Text: map[string]string{"en": "The contact list is full."}}

// isFull reports whether the contact would be one too many.
func (s *Rosters) isFull(ctx context.Context, owner, contact wire.Addr) (bool, error) {
	l, err := s.contacts(ctx, owner)
	if err != nil || l.get(contact).is(listed) {
		return false, err
	}
	return l.count(listed) >= s.cfg().Limits.RosterItems, nil
}

// remove takes a contact out, with all that its subscriptions were (RFC 6121 §2.5.2).
func (s *Rosters) remove(ctx context.Context, owner, contact wire.Addr) error {
	var was storage.RosterItem
	err := s.change(ctx, owner, contact, func(it *storage.RosterItem) error {
		if !it.Listed {
			return stanza.Error{Type: stanza.Cancel, Condition: stanza.ItemNotFound} // §2.5.3
		}
		was = *it
		*it = storage.RosterItem{Contact: contact, Subscription: storage.SubNone}
		return nil
	}, nil)
	if err == nil {
		s.removed(ctx, owner, was)
	}
	return err
}

// parseItem reads what a client may set: the address, the name and the groups. Everything else is the server's
// (RFC 6121 §2.1.2).
func parseItem(k wire.Kid) (storage.RosterItem, error) {
	var it storage.RosterItem
	if !k.HasAttr("jid") {
		return it, stanza.Error{Type: stanza.Modify, Condition: stanza.BadRequest}
	}
	addr, err := wire.ParseAddr(k.Attr("jid"))
	if err != nil {
		return it, stanza.Error{Type: stanza.Modify, Condition: stanza.JIDMalformed}
	}
	it.Contact, it.Name = addr.Bare(), k.Attr("name")
	if len(it.Name) > maxNameBytes {
		return it, stanza.Error{Type: stanza.Modify, Condition: stanza.NotAcceptable} // RFC 6121 §2.3.3
	}
	bytes := len(it.Name)
	for g := range k.Kids() {
		if !g.Is(nsRoster, "group") {
			continue
		}
		name := g.Text()
		switch {
		case name == "" || len(name) > maxNameBytes || len(it.Groups) >= maxGroups:
			return it, stanza.Error{Type: stanza.Modify, Condition: stanza.NotAcceptable}
		case slices.Contains(it.Groups, name):
			return it, stanza.Error{Type: stanza.Modify, Condition: stanza.BadRequest}
		}
		it.Groups = append(it.Groups, name)
		if bytes += len(name); bytes > maxItemBytes {
			return it, stanza.Error{Type: stanza.Modify, Condition: stanza.NotAcceptable}
		}
	}
	return it, nil
}
