package muc_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"salon.im/salon/config"
)

// A session that may not enter creates nothing, and the log does not say so: it would be its to fill.
func TestRefusedCreatorIsNotLogged(t *testing.T) {
	var log bytes.Buffer // a handler has a lock of its own; it is read once the service has ended
	w := newWorld(t, func(w *world) { w.log = slog.New(slog.NewTextHandler(&log, nil)) })
	anna := w.dial("anna")
	for i, rooms := range []int{0, 1} {
		w.reconfigure(func(c *config.Config) { c.Rooms.PerUser = rooms })
		anna.say(`<presence to='` + roomJID + `/A'>` + joinX + `</presence>`)
		if got := strings.Contains(strings.Join(anna.sync(), ""), "resource-constraint"); got != (rooms == 0) {
			t.Errorf("%d: refused %v", i, got)
		}
	}
	w.stop()
	if n := strings.Count(log.String(), "room created"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, log.String())
	}
}
