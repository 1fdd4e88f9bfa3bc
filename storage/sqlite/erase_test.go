package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/wire"
)

// secret is a word that only the test's messages hold.
const secret = "secretivissimum"

// traces counts what the files hold of a word, the log included.
func traces(t *testing.T, path, word string) (n int) {
	t.Helper()
	for _, name := range []string{path, path + "-wal"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		n += bytes.Count(data, []byte(word))
	}
	return n
}

// secrets stores and indexes rows 1 to 3 of alice with the word, among 200 others, and holds what row 3 was.
func secrets(t *testing.T, s *sqlite.Store) {
	t.Helper()
	if _, err := s.CreateAccounts(t.Context(), []storage.Account{{Addr: alice}}); err != nil {
		t.Fatal(err)
	}
	long := append([]byte(secret), bytes.Repeat([]byte("x"), 9000)...) // over several pages
	rows := []storage.Row{
		{ID: 1, Owner: alice, Peer: bob, Stanza: []byte("a " + secret)}, {ID: 2, Owner: alice, Peer: bob, Stanza: long},
		{ID: 3, Owner: alice, Peer: bob, Stanza: []byte(secret)},
	}
	for id := int64(4); id < 200; id++ {
		rows = append(rows, storage.Row{ID: id, Owner: bob, Peer: alice, Stanza: []byte("<message/>")})
	}
	if _, err := s.Append(t.Context(), storage.Batch{Rows: rows}); err != nil {
		t.Fatal(err)
	}
	texts := []storage.Text{
		{Owner: alice, ID: 1, Text: secret}, {Owner: alice, ID: 2, Text: "a " + secret}, {Owner: alice, ID: 3, Text: secret + " b"},
	}
	for id := int64(4); id < 200; id++ {
		texts = append(texts, storage.Text{Owner: bob, ID: id, Text: fmt.Sprintf("some words and number %d", id)})
	}
	if err := s.Index(t.Context(), texts, 200); err != nil {
		t.Fatal(err)
	}
}

// TestErased looks for retracted and deleted bytes in the files, the log included.
func TestErased(t *testing.T) {
	ids := []int64{1, 2, 3}
	rewrite := func(hold bool) func(t *testing.T, s *sqlite.Store) error {
		return func(t *testing.T, s *sqlite.Store) error {
			var b storage.Batch
			for _, id := range ids {
				b.Rewrites = append(b.Rewrites, storage.Rewrite{Owner: alice, ID: id, Tombstone: true, Hold: hold && id == 3})
			}
			_, err := s.Append(t.Context(), b)
			return err
		}
	}
	for _, tt := range []struct {
		name          string
		before, erase func(t *testing.T, s *sqlite.Store) error
	}{
		{"a tombstone", nil, rewrite(false)},
		{"ReleaseHeld", rewrite(true), func(t *testing.T, s *sqlite.Store) error { return s.ReleaseHeld(t.Context(), alice) }},
		{"DeleteBefore", nil, func(t *testing.T, s *sqlite.Store) error {
			_, err := s.DeleteBefore(t.Context(), alice, 4, 10)
			return err
		}},
		{"DeleteBefore of what is held", rewrite(true), func(t *testing.T, s *sqlite.Store) error {
			_, err := s.DeleteBefore(t.Context(), wire.Addr{}, 4, 10)
			return err
		}},
		{"DeleteAccount", nil, func(t *testing.T, s *sqlite.Store) error { return s.DeleteAccount(t.Context(), alice) }},
		{"DeleteAccount with what is held", rewrite(true), func(t *testing.T, s *sqlite.Store) error {
			return s.DeleteAccount(t.Context(), alice)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "salon.db")
			s := open(t, path)
			secrets(t, s)
			if tt.before != nil {
				if err := tt.before(t, s); err != nil {
					t.Fatal(err)
				}
			}
			if traces(t, path, secret) == 0 {
				t.Fatal("the test finds nothing")
			}
			if err := tt.erase(t, s); err != nil {
				t.Fatal(err)
			}
			<-s.Erased()
			if n := traces(t, path, secret); n != 0 {
				t.Errorf("the files hold it %d times", n)
			}
		})
	}
}

// TestIndexHoldsNoWords looks for an indexed word, and for the term of one that was deleted.
func TestIndexHoldsNoWords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "salon.db")
	s := open(t, path)
	b := storage.Batch{}
	var texts []storage.Text
	for id := int64(1); id <= 500; id++ {
		b.Rows = append(b.Rows, storage.Row{ID: id, Owner: alice, Peer: bob})
		texts = append(texts, storage.Text{Owner: alice, ID: id, Text: fmt.Sprintf("%s common%d", secret, id%7)})
	}
	texts[7].Text += " unique"
	if _, err := s.Append(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	for chunk := range slices.Chunk(texts, 50) {
		if err := s.Index(t.Context(), chunk, chunk[len(chunk)-1].ID); err != nil {
			t.Fatal(err)
		}
	}
	if n := traces(t, path, secret) + traces(t, path, "common"); n != 0 {
		t.Errorf("the files hold indexed words %d times", n)
	}
	term := sqlite.SearchTerm(1, "unique")
	if traces(t, path, term) == 0 {
		t.Fatal("the files do not hold the term")
	}
	_, err := s.Append(t.Context(), storage.Batch{Rewrites: []storage.Rewrite{{Owner: alice, ID: 8, Tombstone: true}}})
	if n := traces(t, path, term); err != nil || n != 0 {
		t.Errorf("after a tombstone, the files hold its term %d times (%v)", n, err)
	}
}

// TestErasedLater erases while a reader needs the log, and while the log was cut just before: nobody writes afterwards.
func TestErasedLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "salon.db")
	s := open(t, path)
	secrets(t, s)
	err := s.Reading(context.Background(), func() error {
		_, err := s.Append(t.Context(), storage.Batch{Rewrites: []storage.Rewrite{{Owner: alice, ID: 1, Tombstone: true}}})
		if n := traces(t, path, secret); err == nil && n == 0 {
			err = errors.New("the log was cut under a reader")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []int64{2, 3} {
		if _, err := s.Append(t.Context(), storage.Batch{Rewrites: []storage.Rewrite{{Owner: alice, ID: id, Tombstone: true}}}); err != nil {
			t.Fatal(err)
		}
	}
	<-s.Erased()
	if n := traces(t, path, secret); n != 0 {
		t.Errorf("the files hold it %d times", n)
	}
}

// TestCrashLeavesNoSecret opens a database whose log was not cut before the server died.
func TestCrashLeavesNoSecret(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "salon.db")
	s := open(t, path)
	secrets(t, s)
	err := s.Reading(context.Background(), func() error { // keeps the log, as a crash would
		return s.DeleteAccount(t.Context(), alice)
	})
	if err != nil {
		t.Fatal(err)
	}
	crashed := filepath.Join(dir, "crashed.db")
	for _, end := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + end)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(crashed+end, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if traces(t, crashed, secret) == 0 {
		t.Fatal("the test finds nothing")
	}
	open(t, crashed)
	if n := traces(t, crashed, secret); n != 0 {
		t.Errorf("the files hold it %d times", n)
	}
}
