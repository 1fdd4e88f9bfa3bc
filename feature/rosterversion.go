package feature

import (
	"context"
	"slices"
	"strconv"

	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// maxPushes bounds the changes that are told one by one; beyond it the whole roster is shorter.
const maxPushes = 50

// get sends the roster and makes the session interested in its changes (RFC 6121 §2.2). The result goes out within the
// owner's turn, so that no push overtakes the state that it changes.
func (s *Rosters) get(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
	owner := st.From().Bare()
	res := s.r.Resource(st.From())
	if res == nil {
		return nil, router.ErrAnswered // the session is gone
	}
	defer s.turns.take(owner)()
	res.Set(router.FlagInterested, true)
	kid, _ := st.Kid(nsRoster, "query")
	if since, err := strconv.ParseInt(kid.Attr("ver"), 10, 64); err == nil && since >= 0 {
		done, err := s.sendChanges(ctx, st, res, since)
		if done || err != nil {
			return nil, err
		}
	}
	items, version, err := s.store.Roster(ctx, owner)
	if err != nil {
		return nil, err
	}
	s.keep(owner, items)
	items = slices.DeleteFunc(items, func(it storage.RosterItem) bool { return !it.Listed })
	s.r.Send(ctx, st.Result(rosterQuery(version, items...)))
	return nil, router.ErrAnswered
}

// sendChanges answers a client that knows version since: an empty result, then a push for each change (RFC 6121 §2.6.3).
// It reports false when the whole roster must be sent. Otherwise err is router.ErrAnswered.
func (s *Rosters) sendChanges(ctx context.Context, st wire.Stanza, res *router.Resource, since int64) (bool, error) {
	owner := st.From().Bare()
	changed, removed, version, ok, err := s.store.RosterChanges(ctx, owner, since)
	if err != nil || !ok || len(changed)+len(removed) > maxPushes {
		return false, err
	}
	for _, addr := range removed {
		changed = append(changed, storage.RosterItem{Contact: addr})
	}
	s.r.Send(ctx, st.Result(nil))
	for i := range changed {
		// The client keeps its old version until it has them all: if it goes away in between, it asks again from there.
		v := since
		if i == len(changed)-1 {
			v = version
		}
		res.Send(wire.New(wire.KindIQ, "set", wire.NewID(), owner, res.Addr(), rosterQuery(v, changed[i])), 0)
	}
	return true, router.ErrAnswered
}
