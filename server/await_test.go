package server_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"salon.im/salon/config"
	"salon.im/salon/internal/pgtest"
	"salon.im/salon/server"
	"salon.im/salon/storage"
)

// told is a log that says when a line has a text.
type told struct {
	text string
	seen chan struct{}
}

func (w *told) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(w.text)) {
		close(w.seen)
	}
	return len(b), nil
}

// absent starts a server whose PostgreSQL is down, and returns once the log says that it waits.
func absent(t *testing.T, ctx context.Context, wait time.Duration) (*pgtest.Server, <-chan error) {
	t.Helper()
	pg := pgtest.StartServer(t)
	pg.Kill()
	cfg := config.Default()
	cfg.Data = t.TempDir()
	cfg.Listen = config.Listen{C2S: []string{"127.0.0.1:0"}}
	cfg.Storage.URL = config.StorageURL(pg.URL)
	log := &told{text: "cannot be reached; the start waits for it", seen: make(chan struct{})}
	ended := make(chan error, 1)
	go func() {
		s, err := server.New(ctx, cfg, server.Options{StoreWait: wait, Log: slog.New(slog.NewTextHandler(log, nil))})
		if err == nil {
			err = s.Shutdown(context.Background())
		}
		ended <- err
	}()
	select {
	case <-log.seen:
	case err := <-ended:
		t.Fatalf("it did not wait: %v", err)
	}
	return pg, ended
}

// A server that starts before its PostgreSQL waits for it.
func TestStartBeforePostgres(t *testing.T) {
	pg, ended := absent(t, t.Context(), time.Minute)
	pg.Restart()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// It waits no longer than it was told to, and says what to look for.
func TestStartWithoutPostgres(t *testing.T) {
	_, ended := absent(t, t.Context(), time.Second)
	if err := <-ended; !errors.Is(err, storage.ErrAway) || !strings.Contains(err.Error(), "see whether PostgreSQL runs there") {
		t.Error(err)
	}
}

// Who ends a server that waits need not wait.
func TestStopBeforePostgres(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, ended := absent(t, ctx, time.Hour)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
