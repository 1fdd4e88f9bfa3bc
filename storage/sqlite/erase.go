package sqlite

import (
	"context"
	"errors"
	"time"
)

// eraseRetry is how long the log is left alone after an attempt to cut it. An erasure meanwhile, or one that a reader kept
// from being complete, is made good then.
const eraseRetry = time.Second

// eraser sees to it that bytes which were retracted or deleted leave the write-ahead log too: secure_delete clears them
// in the file alone. It belongs to the holder of the writer.
type eraser struct {
	wanted bool
	next   time.Time   // not before
	timer  *time.Timer // runs eraseLater; nil if it is not under way
}

// erase takes the log into the file and cuts it to nothing, if that was asked for. It waits for no reader. An error is
// met again by the next attempt, or the next transaction.
func (s *Store) erase(c *conn, now time.Time) {
	e := &s.eraser
	if e.wanted && !now.Before(e.next) {
		e.next = now.Add(eraseRetry)
		e.wanted = cutLog(c) != nil
	}
	if e.wanted && e.timer == nil {
		e.timer = time.AfterFunc(e.next.Sub(now), s.eraseLater)
	}
}

// eraseLater does what had to wait, even if nobody writes any more. After Close there is nothing left to do: Close itself
// takes the log into the file.
func (s *Store) eraseLater() {
	c, err := s.acquire(context.Background(), s.writer)
	if err != nil {
		return
	}
	s.eraser.timer = nil
	s.erase(c, time.Now())
	s.writer <- c
}

// errLogBusy says that a reader still needs the log.
var errLogBusy = errors.New("sqlite: a reader uses the log")

func cutLog(c *conn) error {
	var discard, busy int64
	if err := c.get("PRAGMA busy_timeout = 0", nil, &discard); err != nil {
		return err
	}
	err := c.get("PRAGMA wal_checkpoint(TRUNCATE)", nil, &busy, &discard, &discard)
	if err == nil && busy != 0 {
		err = errLogBusy
	}
	if back := c.get(setBusyTimeout, nil, &discard); back != nil {
		return back
	}
	return err
}
