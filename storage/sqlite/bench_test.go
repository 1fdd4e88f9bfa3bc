package sqlite_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/wire"
)

// benchUsers is how many archives the benchmarks spread their rows over.
const benchUsers = 1000

func openBench(b *testing.B) *sqlite.Store {
	b.Helper()
	s, err := sqlite.Open(context.Background(), sqlite.Options{Path: filepath.Join(b.TempDir(), "salon.db")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

func benchAddrs() []wire.Addr {
	addrs := make([]wire.Addr, benchUsers)
	for i := range addrs {
		addrs[i] = wire.MustAddr(fmt.Sprintf("user%d@example.test", i))
	}
	return addrs
}

// message is a one-to-one message: a row for each side, the recipient's marked.
func message(addrs []wire.Addr, n int64) [2]storage.Row {
	stanza := bytes.Repeat([]byte("x"), 430)
	from, to := addrs[n*7919%benchUsers], addrs[n*104729%benchUsers]
	origin := binary.BigEndian.AppendUint64(make([]byte, 8, 16), uint64(n)*0x9e3779b97f4a7c15)
	return [2]storage.Row{
		{ID: 1<<52 + 2*n + 1, Owner: from, Peer: to, Kind: storage.RowChat, Outgoing: true, Origin: origin, Stanza: stanza},
		{ID: 1<<52 + 2*n + 2, Owner: to, Peer: from, Kind: storage.RowChat, Origin: origin, Undelivered: true, Stanza: stanza},
	}
}

func BenchmarkAppendSerial(b *testing.B) {
	s, addrs := openBench(b), benchAddrs()
	b.ReportAllocs()
	for n := int64(0); b.Loop(); n++ {
		m := message(addrs, n)
		if _, err := s.Append(context.Background(), storage.Batch{Rows: m[:1]}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppendBatch1000 appends 500 messages a batch and clears the marks of the batch before; an operation is a
// message.
func BenchmarkAppendBatch1000(b *testing.B) {
	s, addrs := openBench(b), benchAddrs()
	var batch storage.Batch
	var marks []storage.Mark
	cpu := cpuTime()
	b.ReportAllocs()
	b.ResetTimer()
	for n := range int64(b.N) {
		m := message(addrs, n)
		batch.Rows = append(batch.Rows, m[:]...)
		marks = append(marks, storage.Mark{Owner: m[1].Owner, ID: m[1].ID})
		if len(batch.Rows) < 1000 && n < int64(b.N)-1 {
			continue
		}
		if _, err := s.Append(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
		batch.Rows, batch.Delivered, marks = batch.Rows[:0], append(batch.Delivered[:0], marks...), marks[:0]
	}
	b.ReportMetric(float64((cpuTime()-cpu).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

func BenchmarkPage50(b *testing.B) {
	s, addrs := openBench(b), benchAddrs()
	for n := int64(0); n < 50_000; n += 500 {
		var batch storage.Batch
		for i := n; i < n+500; i++ {
			m := message(addrs, i)
			batch.Rows = append(batch.Rows, m[:]...)
		}
		if _, err := s.Append(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		rows, err := s.Page(context.Background(), storage.Query{Owner: addrs[n%benchUsers], Newest: true, Limit: 50})
		if err != nil || len(rows) != 50 {
			b.Fatal(len(rows), err)
		}
	}
}

// BenchmarkRoster reads a roster of a hundred, of one who has groups for half of them.
func BenchmarkRoster(b *testing.B) {
	s, addrs := openBench(b), benchAddrs()
	for i, contact := range addrs[:100] {
		_, _, err := s.UpdateRosterItem(context.Background(), alice, contact, 0, func(item *storage.RosterItem) error {
			item.Listed, item.Name, item.Groups = true, "a friend", []string{"Friends", "Work"}[:i%2*2]
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if items, _, err := s.Roster(context.Background(), alice); err != nil || len(items) != 100 {
			b.Fatal(len(items), err)
		}
	}
}

// BenchmarkAccount reads an account with its keys, as a login does.
func BenchmarkAccount(b *testing.B) {
	s := openBench(b)
	key := func(hash string) storage.Key {
		return storage.Key{Hash: hash, Iterations: 10_000, Salt: make([]byte, 16), StoredKey: make([]byte, 32), ServerKey: make([]byte, 32)}
	}
	account := storage.Account{Addr: alice, Created: time.Now(), LastSeen: time.Now(), Keys: []storage.Key{key("SHA-1"), key("SHA-256"), key("SHA-512")}}
	if _, err := s.CreateAccounts(context.Background(), []storage.Account{account}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if a, err := s.Account(context.Background(), alice); err != nil || len(a.Keys) != 3 {
			b.Fatal(len(a.Keys), err)
		}
	}
}

// BenchmarkOpen opens an up-to-date database, and BenchmarkCreate makes one.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "salon.db")
	open(b, path).Close()
	for b.Loop() {
		s, err := sqlite.Open(context.Background(), sqlite.Options{Path: path})
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}

func BenchmarkCreate(b *testing.B) {
	dir := b.TempDir()
	for n := 0; b.Loop(); n++ {
		s, err := sqlite.Open(context.Background(), sqlite.Options{Path: filepath.Join(dir, fmt.Sprint(n))})
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}

// cpuTime is what this process has used, the file system's work included.
func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
