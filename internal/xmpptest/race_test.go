//go:build race

package xmpptest_test

import (
	"time"

	"salon.im/salon/internal/xmpptest"
)

// With the race detector a machine that does other things too is slow enough for times to say nothing.
const (
	undisturbed = 20 * time.Second
	heldUp      = 5 * time.Second
	burst       = 40
)

// scriptsOver are the transports of the scripts of security/: the detector finds as much over one of them.
var scriptsOver = []xmpptest.Transport{xmpptest.DirectTLS}
