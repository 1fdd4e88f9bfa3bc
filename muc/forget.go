package muc

import "salon.im/salon/wire"

// Forget drops what the rooms in memory know of an account, bare: its affiliations and the nicks kept for it. Call it when
// the account was deleted, for all that is stored went with it; whoever takes the name next must inherit nothing. It does
// not block.
func (s *Service) Forget(account wire.Addr) {
	s.callAll(func(r *room) { r.forgetAccount(account) })
}

func (r *room) forgetAccount(account wire.Addr) {
	a, ok := r.affiliations[account]
	if !ok {
		return
	}
	if r.reserved[a.Nick] == account {
		delete(r.reserved, a.Nick)
	}
	delete(r.affiliations, account)
	r.dropHats()
	for _, o := range r.everyone() {
		if o.bare == account {
			r.reaffiliate(o, actor{}, "")()
		}
	}
}
