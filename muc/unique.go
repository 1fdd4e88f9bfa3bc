package muc

import (
	"salon.im/salon/wire"
)

const nsUnique = nsMUC + "#unique"

// uniqueName gives a name that no room has and nobody guesses (XEP-0307 §2). It is not kept for who asked: 80 random bits need
// no memory.
func uniqueName() wire.Payload {
	return wire.NewWriter().Elem(nsUnique, "unique", wire.NewID()).Payload()
}
