package sqlite

import "time"

// eraseRetry is how long the log waits for the next attempt if a reader kept it from being cut.
const eraseRetry = time.Second

// eraser sees to it that bytes which were retracted or deleted leave the write-ahead log too: secure_delete clears them
// in the file alone. It belongs to the holder of the writer.
type eraser struct {
	wanted bool
	next   time.Time // not before
}

// run takes the log into the file and cuts it to nothing, if that was asked for. It waits for no reader: a busy log is
// cut after a later transaction.
func (e *eraser) run(c *conn, now time.Time) error {
	if !e.wanted || now.Before(e.next) {
		return nil
	}
	e.next = now.Add(eraseRetry)
	var discard, busy int64
	if err := c.get("PRAGMA busy_timeout = 0", nil, &discard); err != nil {
		return err
	}
	err := c.get("PRAGMA wal_checkpoint(TRUNCATE)", nil, &busy, &discard, &discard)
	if err == nil && busy == 0 {
		e.wanted = false
	}
	if back := c.get(setBusyTimeout, nil, &discard); back != nil {
		return back
	}
	return nil
}
