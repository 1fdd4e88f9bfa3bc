package killtest_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"time"
)

var (
	kills        = flag.Int("kills", 3, "how often")
	rate         = flag.Int("rate", 600, "messages a second, in all")
	seconds      = flag.Float64("seconds", 2, "between two kills, on average")
	storageURL   = flag.String("storage", "", "storage.url, or \"postgres\" for a server that the test starts; SQLite if empty")
	killDatabase = flag.Bool("kill-database", false, "kill PostgreSQL, which the test starts, instead of Salon")
	rows         = flag.Int("rows", 0, "messages that are in the archive before the first kill")
	seed         = flag.Uint64("seed", 0, "of the moments; 0 takes another each time")
	keep         = flag.String("keep", "", "a directory to leave the data of the server in, below the name of the test")
)

// readyWithin is how long a restart may take.
const readyWithin = 2 * time.Second

// TestKill is the kill test, as the flags say: see the package's documentation.
func TestKill(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	say(t, "seed %d", *seed)
	w := newTown(t, *storageURL, *rows)
	w.open()
	moments := rand.New(rand.NewPCG(*seed, 0))
	if *killDatabase {
		w.killDatabase(moments)
	} else {
		w.kill(moments)
	}
	w.settle()
	w.server.end(syscall.SIGTERM)
	w.server.whole()
}

// kill kills the server, starts it again, and holds the archives against the ledger, again and again.
func (w *town) kill(moments *rand.Rand) {
	slowest := time.Duration(0)
	for i := range *kills {
		before := w.book.Sums()
		began := time.Now()
		w.visit(moments, i)
		w.wait(moments)
		if i%2 == 0 {
			w.spring()
		}
		w.server.kill()
		rate := float64(w.book.Sums().Sent-before.Sent) / time.Since(began).Seconds()
		w.drop()
		ready := w.server.start()
		slowest = max(slowest, ready)
		w.check()
		after := w.book.Sums()
		say(w.t, "kill %2d: ready in %3d ms; %5d sent, %5d acknowledged, %4.0f/s; archives hold what was promised",
			i+1, ready.Milliseconds(), after.Sent, after.Acked, rate)
		if ready > readyWithin {
			w.t.Fatalf("ready after %v", ready)
		}
		w.comeBack()
	}
	say(w.t, "the slowest restart took %d ms", slowest.Milliseconds())
}

// spring kills the server at the next acknowledgement, as soon as its client has it: what is acknowledged too early is lost
// then, where a moment that is merely random would often miss it.
func (w *town) spring() {
	w.trap.Store(true)
	w.until("something is acknowledged", func() bool { return !w.trap.Load() })
}

// wait waits for a random moment, *seconds on average.
func (w *town) wait(moments *rand.Rand) {
	timer := time.NewTimer(time.Duration((0.25 + 1.5*moments.Float64()) * *seconds * float64(time.Second)))
	<-timer.C
}

// say prints a line; without -v it is kept for a failure.
func say(t *testing.T, format string, args ...any) {
	t.Helper()
	if !testing.Verbose() {
		t.Logf(format, args...)
		return
	}
	_, _ = fmt.Fprintf(os.Stdout, format+"\n", args...)
}
