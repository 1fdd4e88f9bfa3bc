package certs

import (
	"context"
	"os"
	"slices"
	"time"
)

// WatchInterval is how often Run looks whether a certificate file has changed.
const WatchInterval = 30 * time.Second

// watch reloads the files when one has changed, until ctx ends. It polls: that works for renamed files, for links and for mounts alike.
func (s *Source) watch(ctx context.Context) {
	tick := time.NewTicker(WatchInterval)
	defer tick.Stop()
	complaint := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		t := s.current.Load()
		if slices.Equal(stamps(t.order), t.stamps) {
			continue
		}
		err := s.Reload(ctx, t.hosts, t.order)
		switch {
		case err == nil:
			complaint = ""
			s.log.InfoContext(ctx, "changed certificate files are in use")
		case err.Error() != complaint: // a writer may be between the chain and the key: the next look tells
			complaint = err.Error()
			s.log.ErrorContext(ctx, "changed certificate files are not used", "error", err)
		}
	}
}

// stamp tells two states of a file apart.
type stamp struct {
	size     int64
	modified time.Time
}

// stamps returns the states of the pairs' files. One that cannot be read is zero.
func stamps(files []Pair) []stamp {
	var out []stamp
	for _, p := range files {
		for _, path := range []string{p.Cert, p.Key} {
			info, err := os.Stat(path)
			if err != nil {
				out = append(out, stamp{})
				continue
			}
			out = append(out, stamp{info.Size(), info.ModTime()})
		}
	}
	return out
}
