package certs_test

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"salon.im/salon/certs"
)

func TestChangedFilesAreReloaded(t *testing.T) {
	p := pair(t, day.AddDate(1, 0, 0), "a.test")
	dir := t.TempDir()
	step := day
	touch := func(path string) { // a clock's tick later than the one before
		step = step.Add(time.Second)
		if err := os.Chtimes(path, step, step); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		s, err := certs.Open(t.Context(), certs.Options{Dir: dir, Hosts: []certs.Host{host("a.test")}, Files: []certs.Pair{p},
			Now: func() time.Time { return day }, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go s.Run(ctx)
		look := func() string {
			time.Sleep(certs.WatchInterval)
			synctest.Wait()
			return s.Fingerprint("a.test")
		}
		first := s.Fingerprint("a.test")
		if look() != first || log.String() != "" {
			t.Error("reloaded what did not change:", log.String())
		}
		chain, err := os.ReadFile(p.Cert)
		if err != nil {
			t.Fatal(err)
		}
		// The key of the next one, and not yet its chain: the old pair stays, and is complained of once.
		write(t, p, day.AddDate(2, 0, 0), "a.test")
		next, err := os.ReadFile(p.Cert)
		if err != nil {
			t.Fatal(err)
		}
		put(t, p.Cert, chain)
		touch(p.Cert)
		touch(p.Key)
		again := []string{look(), look()}
		if again[0] != first || again[1] != first || strings.Count(log.String(), "changed certificate files are not used") != 1 {
			t.Error("want the old one and one complaint:", log.String())
		}
		put(t, p.Cert, next)
		touch(p.Cert)
		if look() == first || !strings.Contains(log.String(), "changed certificate files are in use") {
			t.Error("want the new one:", log.String())
		}
	})
}
