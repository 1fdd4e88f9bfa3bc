//go:build race

package xmpptest_test

import "time"

// With the race detector a machine that does other things too is slow enough for times to say nothing.
const (
	undisturbed = 20 * time.Second
	heldUp      = 5 * time.Second
	burst       = 40
)
