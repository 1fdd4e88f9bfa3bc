package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"salon.im/salon/archive"
	"salon.im/salon/internal/pgtest"
	"salon.im/salon/storage/storagetest"
)

// BenchmarkAppendChat is the way of one-to-one messages into archives that have some history; an operation is a message. It
// reports the CPU of the process of PostgreSQL that serves the writer.
func BenchmarkAppendChat(b *testing.B) {
	const batch = 150 // messages
	url := pgtest.StartServer(b, "fsync=on", "full_page_writes=on", "shared_buffers=256MB", "max_wal_size=4GB").URL
	s, c := open(b, url), storagetest.NewChat(archive.TimeID(time.Now()))
	add := func(n int) {
		if _, err := s.Append(context.Background(), c.Batch(n)); err != nil {
			b.Fatal(err)
		}
	}
	for range 100 {
		add(500)
	}
	pid := writerPID(b, url)
	cpu := cpuTicks(b, pid)
	b.ResetTimer()
	for n := 0; n < b.N; n += batch {
		add(min(batch, b.N-n))
	}
	b.ReportMetric(float64(cpuTicks(b, pid)-cpu)*1e7/float64(b.N), "postgres-cpu-ns/op")
}

func writerPID(b *testing.B, url string) (pid int) {
	c, err := pgx.Connect(context.Background(), url)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close(context.Background())
	const query = `SELECT pid FROM pg_stat_activity WHERE application_name = 'salon writer' AND datname = current_database()`
	if err := c.QueryRow(context.Background(), query).Scan(&pid); err != nil {
		b.Fatal(err)
	}
	return pid
}

// cpuTicks is the CPU time of a process in 1/100 s (proc_pid_stat(5): utime and stime).
func cpuTicks(b *testing.B, pid int) (ticks int) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Skip("the CPU time of another process is read from /proc")
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(string(field))
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return ticks
}
