package sqlite

import "context"

// Pragma asks the connection that writes.
func (s *Store) Pragma(ctx context.Context, name string) (value string, err error) {
	c, err := s.acquire(ctx, s.writer)
	if err != nil {
		return "", err
	}
	defer func() { s.writer <- c }()
	err = c.get("PRAGMA "+name, nil, &value)
	return value, err
}

// SetMaxOwners shrinks the cache of owners' numbers. Call it before the store is used.
func (s *Store) SetMaxOwners(n int) { s.owners.max = n }

// CachedOwners counts the numbers in the cache.
func (s *Store) CachedOwners() int {
	c := <-s.writer
	defer func() { s.writer <- c }()
	return len(s.owners.ids)
}
