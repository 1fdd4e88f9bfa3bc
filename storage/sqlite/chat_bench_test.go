package sqlite_test

import (
	"context"
	"testing"

	"salon.im/salon/storage/storagetest"
)

const (
	chatBatch   = 100    // messages: what a few hundred who wait for their answers queue during a commit
	chatHistory = 50_000 // messages that are there already
)

// BenchmarkAppendChat is the way of one-to-one messages into archives that have some history; an operation is a message.
func BenchmarkAppendChat(b *testing.B) {
	s, c := openBench(b), storagetest.NewChat(1<<52)
	add := func(n int) {
		if _, err := s.Append(context.Background(), c.Batch(n)); err != nil {
			b.Fatal(err)
		}
	}
	for range chatHistory / 500 {
		add(500)
	}
	cpu := cpuTime()
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += chatBatch {
		add(min(chatBatch, b.N-n))
	}
	b.ReportMetric(float64((cpuTime()-cpu).Nanoseconds())/float64(b.N), "cpu-ns/op")
}
