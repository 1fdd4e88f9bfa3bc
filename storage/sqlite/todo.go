package sqlite

import (
	"context"
	"errors"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// What the interface asks for and this back end does not do yet: nobody calls it.

func (s *Store) Rows(context.Context, wire.Addr, []int64) ([]storage.Row, error) {
	return nil, errors.ErrUnsupported
}
func (s *Store) ByOrigin(context.Context, wire.Addr, []byte) (storage.Row, error) {
	return storage.Row{}, errors.ErrUnsupported
}
func (s *Store) ArchiveOwners(context.Context, wire.Addr, int) ([]wire.Addr, error) {
	return nil, errors.ErrUnsupported
}
func (s *Store) DropBefore(context.Context, int64, []wire.Addr) (int, error) { return 0, nil }
func (s *Store) Held(context.Context, wire.Addr, int64, int) ([]storage.Row, error) {
	return nil, errors.ErrUnsupported
}
func (s *Store) ReleaseHeld(context.Context, wire.Addr) error { return errors.ErrUnsupported }
func (s *Store) Unindexed(context.Context, int) ([]storage.Row, error) {
	return nil, errors.ErrUnsupported
}
func (s *Store) Index(context.Context, []storage.Text, int64) error { return errors.ErrUnsupported }
func (s *Store) Reindex(context.Context) error                      { return errors.ErrUnsupported }
func (s *Store) Dump(context.Context, *storage.Table, storage.Record, int) ([]storage.Record, error) {
	return nil, errors.ErrUnsupported
}
func (s *Store) Restore(context.Context, *storage.Table, []storage.Record) error {
	return errors.ErrUnsupported
}
func (s *Store) Restored(context.Context) error              { return errors.ErrUnsupported }
func (s *Store) Empty(context.Context) (bool, error)         { return false, errors.ErrUnsupported }
func (s *Store) ForgetRoom(context.Context, wire.Addr) error { return errors.ErrUnsupported }
