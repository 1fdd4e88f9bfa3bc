package main_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const hallJID = "lobby@conference.a.test"

// hall is the lobby, and those who are in it or will be. All read all the time, each in a goroutine, and what comes is
// counted. A message is a number: with it goes when it was sent.
type hall struct {
	w         *town
	padding   string // of each message
	presences atomic.Int64
	run       atomic.Pointer[run] // the messages under way
	once      sync.Once
	broken    chan struct{} // closed when somebody has lost the connection, for the reason why
	why       error
}

// run is a number of messages that are sent to the hall.
type run struct {
	base, n   int            // numbers base to base+n-1
	sent      []atomic.Int64 // when, in ns
	left      []atomic.Int32 // how many readers still miss it
	delivered atomic.Int64
	window    chan struct{} // room for messages that somebody misses
	late      []atomic.Int32
}

// newHall starts to read for guests who have logged in.
func newHall(w *town, guests []*guest) *hall {
	h := &hall{w: w, padding: strings.Repeat("hello ", 12), broken: make(chan struct{})}
	var readers sync.WaitGroup
	for _, g := range guests {
		readers.Go(func() { h.read(g) })
	}
	w.t.Cleanup(func() {
		for _, g := range guests {
			_ = g.Close()
		}
		readers.Wait()
	})
	return h
}

// lateBuckets is how many milliseconds of delay are told apart.
const lateBuckets = 10_000

// read counts what comes for a guest until its connection ends.
func (h *hall) read(g *guest) {
	buf := make([]byte, 0, 16<<10)
	for {
		n, err := g.Read(buf[len(buf):cap(buf)])
		buf = h.count(buf[:len(buf)+n])
		if err != nil {
			h.once.Do(func() {
				h.why = fmt.Errorf("%s lost its connection: %w", g.name, err)
				close(h.broken)
			})
			return
		}
	}
}

var presenceStart, bodyStart, bodyEnd = []byte("<presence"), []byte("<body>"), []byte("</body>")

// count takes what is in the buffer, and returns what the next bytes may complete, at the buffer's begin.
func (h *hall) count(buf []byte) []byte {
	h.presences.Add(int64(bytes.Count(buf, presenceStart)))
	rest := buf
	for {
		i := bytes.Index(rest, bodyStart)
		if i < 0 {
			break
		}
		end := bytes.Index(rest[i:], bodyEnd)
		if end < 0 {
			return buf[:copy(buf[:cap(buf)], rest[i:])]
		}
		number := 0
		for _, c := range rest[i+len(bodyStart) : i+end] {
			if c < '0' || c > '9' {
				break
			}
			number = 10*number + int(c-'0')
		}
		if r := h.run.Load(); r != nil {
			r.arrived(number)
		}
		rest = rest[i+end+len(bodyEnd):]
	}
	return buf[:copy(buf[:cap(buf)], rest[max(0, len(rest)-len(presenceStart)+1):])]
}

func (r *run) arrived(number int) {
	i := number - r.base
	if i < 0 || i >= r.n {
		return // of an earlier run
	}
	delay := (time.Now().UnixNano() - r.sent[i].Load()) / 1e6
	r.late[min(delay, lateBuckets-1)].Add(1)
	r.delivered.Add(1)
	if r.left[i].Add(-1) == 0 {
		<-r.window
	}
}

// delay returns how late a share of the deliveries was at most.
func (r *run) delay(share float64) time.Duration {
	limit, sum := int64(share*float64(r.delivered.Load())), int64(0)
	for ms := range r.late {
		if sum += int64(r.late[ms].Load()); sum >= limit {
			return time.Duration(ms+1) * time.Millisecond
		}
	}
	return lateBuckets * time.Millisecond
}

// prepare makes a run of n messages, of which so many may be under way. It must not be called while another is.
func (h *hall) prepare(n, readers, window int) *run {
	base := 0
	if last := h.run.Load(); last != nil {
		base = last.base + last.n
	}
	r := &run{base: base, n: n, sent: make([]atomic.Int64, n), left: make([]atomic.Int32, n),
		window: make(chan struct{}, window), late: make([]atomic.Int32, lateBuckets)}
	for i := range n {
		r.left[i].Store(int32(readers))
	}
	h.run.Store(r)
	return r
}

// send lets the guests in turn send a run's messages, each once there is room in the window and next allows it.
func (h *hall) send(r *run, from []*guest, readers int, next func()) {
	h.w.t.Helper()
	for i := range r.n {
		next()
		select {
		case r.window <- struct{}{}:
		case <-h.broken:
			h.w.t.Fatal(h.why)
		case <-time.After(guestPatience):
			h.w.t.Fatalf("%d deliveries of %d messages, and nothing goes on", r.delivered.Load(), i)
		}
		r.sent[i].Store(time.Now().UnixNano())
		if _, err := fmt.Fprintf(from[i%len(from)], `<message type="groupchat" to="%s" id="m%[2]d"><body>%[2]d %s</body></message>`, hallJID, r.base+i, h.padding); err != nil {
			h.w.t.Fatal(err)
		}
	}
	h.await("deliveries", &r.delivered, int64(r.n)*int64(readers))
}

// enter lets guests join, all at once, and waits until each has seen each.
func (h *hall) enter(guests []*guest) {
	h.w.t.Helper()
	n := int64(len(guests))
	h.tell(guests, n*n, `<x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="0"/></x>`, "")
}

// leave lets everybody who is there leave.
func (h *hall) leave(guests []*guest) {
	h.w.t.Helper()
	n := int64(len(guests))
	h.tell(guests, n*(n+1)/2, "", ` type="unavailable"`)
}

func (h *hall) tell(guests []*guest, expect int64, x, attr string) {
	h.w.t.Helper()
	expect += h.presences.Load()
	for _, g := range guests {
		if _, err := io.WriteString(g, `<presence`+attr+` to="`+hallJID+`/`+g.name+`">`+x+`</presence>`); err != nil {
			h.w.t.Fatal(err)
		}
	}
	h.await("presences", &h.presences, expect)
}

// await waits until a counter has come to a value.
func (h *hall) await(what string, n *atomic.Int64, want int64) {
	h.w.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(guestPatience)
	for n.Load() < want {
		select {
		case <-tick.C:
		case <-h.broken:
			h.w.t.Fatal(h.why)
		case <-deadline:
			h.w.t.Fatalf("%d %s came, %d are missing", n.Load(), what, want-n.Load())
		}
	}
	if got := n.Load(); got != want {
		h.w.t.Fatalf("%d %s came, %d were expected", got, what, want)
	}
}
