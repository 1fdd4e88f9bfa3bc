package storagetest

import (
	"strings"
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// noise is text that cannot be compressed into a shorter key.
func noise(n int) string {
	var b strings.Builder
	for x := uint32(1); b.Len() < n; x = x*1664525 + 1013904223 {
		b.WriteByte("abcdefghijklmnopqrstuvwxyz012345"[x>>27])
	}
	return b.String()
}

var keyTests = []test{
	{"Keys/of the greatest length, and longer", func(t *testing.T, s storage.Store) {
		short := addr("o@a.test")
		long := wire.MustAddr(noise(1020) + "@b.test") // 1,027 bytes
		full := func(key int) wire.Addr {              // with long
			return wire.MustAddr(noise(800) + "@a.test/" + noise(key-1027-800-len("@a.test/")))
		}
		bare := func(key int) wire.Addr { // likewise
			return wire.MustAddr(noise(800) + "@" + strings.Repeat(noise(60)+".", 12) + noise(key-1027-800-1-12*61))
		}
		must(t, s.PutRoom(ctx(t), room(long), nil))
		for what, put := range map[string]func(key int) error{
			"a document": func(key int) error {
				return s.PutDocument(ctx(t), short, "private", noise(key-len("o@a.test")-len("private")), []byte("x"), 0)
			},
			"a block": func(key int) error { return s.Block(ctx(t), long, 0, []wire.Addr{full(key)}) },
			"a contact": func(key int) error {
				_, _, err := s.UpdateRosterItem(ctx(t), long, bare(key), 0, func(i *storage.RosterItem) error { listed(i); return nil })
				return err
			},
			"an affiliation": func(key int) error {
				return s.PutAffiliations(ctx(t), long, []storage.Affiliation{{Addr: bare(key), Value: "member"}})
			},
		} {
			if err := put(storage.MaxKeyBytes); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			wantErr(t, what+", one byte longer", put(storage.MaxKeyBytes+1), storage.ErrQuota)
		}
	}},
}
