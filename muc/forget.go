package muc

import (
	"context"
	"encoding/json"
	"fmt"

	"salon.im/salon/wire"
)

// Forget drops what the rooms in memory know of an account, bare: its affiliations and the nicks kept for it. Call it when
// the account was deleted, for all that is stored went with it; whoever takes the name next must inherit nothing. It does
// not block. ForgetStored has the rest.
func (s *Service) Forget(account wire.Addr) {
	s.callAll(func(r *room) { r.forgetAccount(account) })
}

// forgetPage is how many rooms that name an account are looked for at a time.
const forgetPage = 100

// ForgetStored takes an account, bare, out of what the service keeps in the store and the end of an account does not reach: the
// settings of rooms, also of those that are not in memory, and the destroyed rooms. It waits for all of that. On an error, which may
// be ctx's, the store's, or ErrClosed, it can be called again.
func (s *Service) ForgetStored(ctx context.Context, account wire.Addr) error {
	name, err := json.Marshal(account) // as settings have it
	if err == nil {
		err = s.graves.forget(ctx, account)
	}
	for after, more := (wire.Addr{}), true; err == nil && more; {
		var rooms []wire.Addr
		if rooms, err = s.o.Rooms.FindRooms(ctx, s.Domain(), name, after, forgetPage); err != nil {
			break
		}
		for _, addr := range rooms {
			after = addr
			if err = s.operate(ctx, addr, func(r *room) error { return r.forgetStored(account) }); err != nil {
				break
			}
		}
		more = len(rooms) == forgetPage
	}
	if err != nil {
		return fmt.Errorf("muc: forget %s: %w", account, err)
	}
	return nil
}

// forgetStored is forgetAccount for a room whose record names the account.
func (r *room) forgetStored(account wire.Addr) error {
	r.forgetAccount(account)
	if !r.stored {
		return nil
	}
	return r.save(r.set) // what was dropped before may not have been stored
}

func (r *room) forgetAccount(account wire.Addr) {
	was := r.listed(account)
	r.unreserve(r.affiliations[account])
	delete(r.affiliations, account)
	r.dropHats()
	r.dropTokens(account)
	r.forgetVoice(account)
	r.forgetContact(account)
	r.telling(r.forgetVersions(account, was), func() { r.reaffiliateAll(account) })
}
