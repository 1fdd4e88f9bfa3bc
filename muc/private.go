package muc

import "salon.im/salon/wire"

// private says who may send private messages (muc#roomconfig_allowpm).
type private uint8

// The values of private; numbers are stored.
const (
	privateAnyone       private = 0
	privateParticipants private = 1
	privateModerators   private = 2
	privateNone         private = 3
)

var privateFacet = facet{}

func (r *room) judgePrivate(st wire.Stanza, m *message) error { return errUnknown }
func (r *room) toRoom(st wire.Stanza) error                   { return errUnknown }
func (r *room) relayIQ(st wire.Stanza) error                  { return errUnknown }
