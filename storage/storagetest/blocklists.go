package storagetest

import (
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

func blocks(t *testing.T, s storage.Store, owner wire.Addr) []wire.Addr {
	t.Helper()
	list, err := s.Blocklist(ctx(t), owner)
	must(t, err)
	return list
}

var blocklistTests = []test{
	{"Blocklists/every form, in order", func(t *testing.T, s storage.Store) {
		host := addr("example.test/bot")
		must(t, s.Block(ctx(t), alice, 0, []wire.Addr{emoji, host, jürgen, bob}))
		must(t, s.Block(ctx(t), alice, 0, []wire.Addr{example, bob, bob}))
		must(t, s.Block(ctx(t), bob, 0, []wire.Addr{alice}))
		want(t, "list", blocks(t, s, alice), []wire.Addr{bob, example, host, jürgen, emoji})
		want(t, "nobody's", len(blocks(t, s, jürgen)), 0)
	}},
	{"Blocklists/quota", func(t *testing.T, s storage.Store) {
		must(t, s.Block(ctx(t), alice, 2, []wire.Addr{bob, jürgen}))
		wantErr(t, "a third", s.Block(ctx(t), alice, 2, []wire.Addr{bob, example}), storage.ErrQuota)
		want(t, "nothing is added", blocks(t, s, alice), []wire.Addr{bob, jürgen})
		must(t, s.Block(ctx(t), alice, 2, []wire.Addr{jürgen, bob}))
		must(t, s.Block(ctx(t), alice, 1, []wire.Addr{jürgen}))
	}},
	{"Blocklists/unblock", func(t *testing.T, s storage.Store) {
		must(t, s.Block(ctx(t), alice, 0, []wire.Addr{bob, jürgen, example}))
		must(t, s.Block(ctx(t), bob, 0, []wire.Addr{jürgen}))
		gone, err := s.Unblock(ctx(t), alice, []wire.Addr{jürgen, garden})
		must(t, err)
		want(t, "those that were there", gone, []wire.Addr{jürgen})
		want(t, "left", blocks(t, s, alice), []wire.Addr{bob, example})
		gone, err = s.Unblock(ctx(t), alice, nil)
		must(t, err)
		want(t, "all", gone, []wire.Addr{bob, example})
		want(t, "none left", len(blocks(t, s, alice)), 0)
		want(t, "bob's", blocks(t, s, bob), []wire.Addr{jürgen})
	}},
}
