package storagetest

import (
	"bytes"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

var documentTests = []test{
	{"Documents/as stored", func(t *testing.T, s storage.Store) {
		big := bytes.Repeat([]byte{0, 1, 254, 255}, 1<<18)
		for i, data := range [][]byte{{}, []byte("<vCard/>"), big} {
			must(t, s.PutDocument(ctx(t), jürgen, "private", "{urn:x}ü", data, 0))
			got, err := s.Document(ctx(t), jürgen, "private", "{urn:x}ü")
			must(t, err)
			if !bytes.Equal(got, data) || got == nil {
				t.Errorf("%d: %d bytes became %d", i, len(data), len(got))
			}
		}
	}},
	{"Documents/owner, kind and key tell them apart", func(t *testing.T, s storage.Store) {
		must(t, s.PutDocument(ctx(t), alice, "private", "k", []byte("x"), 0))
		for i, d := range []struct {
			owner     wire.Addr
			kind, key string
		}{{bob, "private", "k"}, {alice, "vcard", "k"}, {alice, "private", ""}, {alice, "privat", "ek"}} {
			if _, err := s.Document(ctx(t), d.owner, d.kind, d.key); err == nil {
				t.Errorf("%d: found", i)
			} else {
				wantErr(t, "Document", err, storage.ErrNotFound)
			}
		}
	}},
	{"Documents/nil removes", func(t *testing.T, s storage.Store) {
		must(t, s.PutDocument(ctx(t), alice, "vcard", "", []byte("x"), 1))
		must(t, s.PutDocument(ctx(t), alice, "vcard", "", nil, 1))
		must(t, s.PutDocument(ctx(t), alice, "vcard", "", nil, 1))
		_, err := s.Document(ctx(t), alice, "vcard", "")
		wantErr(t, "Document", err, storage.ErrNotFound)
	}},
	{"Documents/quota over a kind", func(t *testing.T, s storage.Store) {
		put := func(owner wire.Addr, kind, key string, n int) error {
			return s.PutDocument(ctx(t), owner, kind, key, make([]byte, n), 100)
		}
		must(t, put(alice, "private", "a", 60))
		must(t, put(alice, "private", "b", 40))
		wantErr(t, "one byte more", put(alice, "private", "c", 1), storage.ErrQuota)
		wantErr(t, "a larger one", put(alice, "private", "a", 61), storage.ErrQuota)
		got, err := s.Document(ctx(t), alice, "private", "a")
		must(t, err)
		want(t, "the old one stays", len(got), 60)
		must(t, put(alice, "private", "a", 59))
		must(t, put(alice, "private", "c", 1))
		must(t, put(alice, "vcard", "", 100))
		must(t, put(bob, "private", "a", 100))
		must(t, s.PutDocument(ctx(t), alice, "private", "d", make([]byte, 1000), 0))
	}},
}
