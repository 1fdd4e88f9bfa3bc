package server_test

import (
	"context"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"salon.im/salon/config"
	"salon.im/salon/internal/xmpptest"
	"salon.im/salon/server"
	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/storage/storagetest"
)

// hung is a store that hangs with its probes.
type hung struct{ *storagetest.Faulty }

// Ping implements [storage.Store].
func (h hung) Ping(ctx context.Context) error {
	_, err := h.Append(ctx, storage.Batch{})
	return err
}

// A store that hangs for 5 s turns readiness red and everything is refused; when it is back, so is the server.
func TestHungStore(t *testing.T) {
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "salon.db"), Synchronous: sqlite.Off})
	if err != nil {
		t.Fatal(err)
	}
	f := storagetest.NewFaulty(store)
	s := xmpptest.StartWith(t, server.Options{Store: hung{f}}, nil, func(c *config.Config) { c.Listen.HTTP = "127.0.0.1:0" })
	alice := enter(s, "alice@"+xmpptest.Host, lobby)
	if code := ready(t, s); code != http.StatusOK {
		t.Errorf("readiness %d at first", code)
	}
	_, release := f.HoldAppend()
	defer release()
	began := time.Now()
	message(alice, lobby, "m1")
	message(alice, lobby, "m2")
	for _, id := range []string{"m1", "m2"} {
		if st := until(alice, isMessage); st.ID() != id || !has(st, "wait", "internal-server-error") {
			t.Errorf("%s", st.Append(nil))
		}
	}
	if d := time.Since(began); d < 4*time.Second || d > 8*time.Second {
		t.Errorf("refused after %v", d)
	}
	message(alice, lobby, "m3")
	if st := until(alice, isMessage); st.ID() != "m3" || !isError(st) {
		t.Errorf("%s", st.Append(nil))
	}
	if code := ready(t, s); code != http.StatusServiceUnavailable {
		t.Errorf("readiness %d while the store hangs", code)
	}
	release()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for ready(t, s) != http.StatusOK {
		<-tick.C
	}
	message(alice, lobby, "m4")
	if st := until(alice, isMessage); st.ID() != "m4" || isError(st) {
		t.Errorf("%s", st.Append(nil))
	}
}

func ready(t *testing.T, s *xmpptest.Server) int {
	t.Helper()
	res, err := http.Get("http://" + s.Addr("http").String() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	return res.StatusCode
}
