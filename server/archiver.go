package server

import (
	"context"
	"math/bits"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
)

// archiver shows the archive's writer to the router.
type archiver struct{ w *archive.Writer }

// Queue implements router.Archiver.
func (a archiver) Queue(ctx context.Context, rows []storage.Row, done func(dropped []bool, err error), rewrites ...storage.Rewrite) error {
	n := len(rows)
	return a.w.Append(ctx, rows, func(r archive.Result) {
		if bits.OnesCount64(r.Dropped) == 0 {
			done(nil, r.Err)
			return
		}
		dropped := make([]bool, n)
		for i := range dropped {
			dropped[i] = r.DroppedRow(i)
		}
		done(dropped, r.Err)
	}, rewrites...)
}

// Delivered implements router.Archiver.
func (a archiver) Delivered(marks ...storage.Mark) { a.w.Delivered(marks...) }
