package muc

import (
	"mellium.im/xmpp/stanza"

	"salon.im/salon/config"
	"salon.im/salon/wire"
)

// among reports whether an account is one of those that a setting of rooms names. The service itself, which is the operator, always is.
func (s *Service) among(who config.Create, bare wire.Addr) bool {
	if bare == s.addr {
		return true
	}
	switch who {
	case config.CreateAnyone:
		return true
	case config.CreateLocal:
		return s.o.Router.IsHost(bare.Domain())
	}
	return s.isAdmin(bare)
}

// mayConfigure holds new settings against what the operator leaves to whom: rooms.public and rooms.persistent. What the room is
// already it may stay (XEP-0045 §10.1.3: not-acceptable for what violates a policy).
func (s *Service) mayConfigure(by wire.Addr, was, is *settings) error {
	c := s.o.Config().Rooms
	switch {
	case is.Public && !was.Public && !s.among(c.Public, by):
		return refusal(stanza.Modify, stanza.NotAcceptable, "You may not make rooms public here.")
	case is.Persistent && !was.Persistent && !s.among(c.Persistent, by):
		return refusal(stanza.Modify, stanza.NotAcceptable, "You may not make rooms persistent here.")
	}
	return nil
}
