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
