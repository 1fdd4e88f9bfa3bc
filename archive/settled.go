package archive

import (
	"context"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// Settled returns an archive whose reads see all that was queued to w before them. Who reads on behalf of clients needs it
// where w is Async: else what a client was shown could not be found, paged from or retracted until its commit. A read waits
// for the commits under way.
func Settled(s storage.Archive, w *Writer) storage.Archive {
	if w.o.Ack != Async {
		return s // what clients were shown is committed
	}
	return settled{s, w}
}

type settled struct {
	storage.Archive
	w *Writer
}

// Page implements [storage.Archive].
func (s settled) Page(ctx context.Context, q storage.Query) ([]storage.Row, error) {
	if err := s.w.Barrier(ctx); err != nil {
		return nil, err
	}
	return s.Archive.Page(ctx, q)
}

// Rows implements [storage.Archive].
func (s settled) Rows(ctx context.Context, owner wire.Addr, ids []int64) ([]storage.Row, error) {
	if err := s.w.Barrier(ctx); err != nil {
		return nil, err
	}
	return s.Archive.Rows(ctx, owner, ids)
}

// ByOrigin implements [storage.Archive].
func (s settled) ByOrigin(ctx context.Context, owner wire.Addr, origin []byte) (storage.Row, error) {
	if err := s.w.Barrier(ctx); err != nil {
		return storage.Row{}, err
	}
	return s.Archive.ByOrigin(ctx, owner, origin)
}

// Undelivered implements [storage.Archive].
func (s settled) Undelivered(ctx context.Context, owner wire.Addr, after int64, limit int) ([]storage.Row, error) {
	if err := s.w.Barrier(ctx); err != nil {
		return nil, err
	}
	return s.Archive.Undelivered(ctx, owner, after, limit)
}
