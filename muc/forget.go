package muc

import (
	"context"

	"salon.im/salon/wire"
)

// Forget drops what the rooms in memory know of an account, bare: its affiliations and the nicks kept for it. Call it when
// the account was deleted, for all that is stored went with it; whoever takes the name next must inherit nothing. It does
// not block.
func (s *Service) Forget(account wire.Addr) {
	s.callAll(func(r *room) { r.forgetAccount(account) })
	if !s.begin() {
		return // closed, or busy: the tomb ends by its time
	}
	go func() {
		defer s.end()
		ctx, cancel := context.WithTimeout(context.Background(), storeTimeout) // Close waits for it
		defer cancel()
		if err := s.graves.forget(ctx, account); err != nil {
			s.o.Log.Warn("a deleted account stays the owner of rooms that were destroyed, until those are forgotten", "err", err)
		}
	}()
}

func (r *room) forgetAccount(account wire.Addr) {
	was := r.listed(account)
	r.unreserve(r.affiliations[account])
	delete(r.affiliations, account)
	r.dropHats()
	r.dropTokens(account)
	r.forgetVoice(account)
	r.telling(r.forgetVersions(account, was), func() {
		for _, o := range r.everyone() {
			if o.bare == account {
				r.reaffiliate(o, actor{}, "")()
			}
		}
	})
}
