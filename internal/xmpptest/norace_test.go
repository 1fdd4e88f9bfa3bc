//go:build !race

package xmpptest_test

import (
	"time"

	"salon.im/salon/internal/xmpptest"
)

const (
	// undisturbed is the longest that a message between two others may take while somebody attacks. A loaded machine needs
	// most of it; a server that is held up needs more.
	undisturbed = 2 * time.Second
	// heldUp is how long a round of two messages may take beside a burst. A machine that is busy with other things exceeds it
	// now and then; a server that is held up does so all the time.
	heldUp = 200 * time.Millisecond
	// burst is how many queries of its archive one client sends at once.
	burst = 200
)

// scriptsOver are the transports of the scripts of security/.
var scriptsOver = xmpptest.Transports()
