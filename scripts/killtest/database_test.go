package killtest_test

import (
	"math/rand/v2"
	"net/http"
	"time"
)

// killDatabase kills PostgreSQL, starts it again some time later, and holds the archives against the ledger, again and again.
// The server stays up: senders get errors meanwhile, and all recovers by itself.
func (w *town) killDatabase(moments *rand.Rand) {
	for i := range *kills {
		refused := w.book.Sums().Refused
		w.wait(moments)
		w.database.Kill()
		red := w.away(time.Duration(moments.Float64() * float64(8*time.Second)))
		w.database.Restart()
		back := time.Now()
		w.server.awaitReady(30 * time.Second)
		ready, acked := time.Since(back), w.book.Sums().Acked
		w.until("messages are acknowledged again", func() bool { return w.book.Sums().Acked > acked+50 })
		w.check()
		sums := w.book.Sums()
		say(w.t, "kill %2d: readiness red %t, green %4d ms after the database; %5d sent, %5d acknowledged, %5d refused; archives hold what was promised",
			i+1, red, ready.Milliseconds(), sums.Sent, sums.Acked, sums.Refused-refused)
	}
}

// away lets time pass while the database is down, and reports whether readiness was red at its end.
func (w *town) away(d time.Duration) bool {
	timer := time.NewTimer(d)
	<-timer.C
	return w.server.ready() != http.StatusOK
}
