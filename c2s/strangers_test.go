package c2s_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"salon.im/salon/config"
)

// What a stranger may send is bounded over time, not only by the stanza: else white space costs it nothing and us a
// processor. The pipe has no buffer, so each byte written is one that was read.
func TestStrangersHaveARate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *config.Config) {
		c.Limits.LoginTime, c.Limits.BytesPerSecond, c.Limits.BytesBurst = time.Second, 1<<10, 10<<10
	})
	ours, theirs := net.Pipe()
	defer theirs.Close()
	w.ServeConn(ours, false)
	go func() { _, _ = io.Copy(io.Discard, theirs) }()
	theirs.SetWriteDeadline(time.Now().Add(patience))
	sent, err := 0, error(nil)
	for space := openStream + strings.Repeat(" ", 1<<10); err == nil && sent < 64<<10; space = space[len(space)-1<<10:] {
		var n int
		n, err = io.WriteString(theirs, space)
		sent += n
	}
	if err == nil {
		t.Errorf("a stranger sent %d bytes", sent)
	}
}
