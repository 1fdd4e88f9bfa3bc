package main_test

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	stormJoiners = 1000
	stormFor     = 55 * time.Second // in which they enter, one after the other
	stormTalks   = 60               // messages, one a second
	stormBar     = time.Second      // for the delay of 99 % of the deliveries
)

// TestSizeJoinStorm has 1,000 enter a room within a minute while somebody talks each second. Everyone hears all that is said
// from the entering on, nearly all of it within a second, and knows all the others in the end.
func TestSizeJoinStorm(t *testing.T) {
	long(t)
	w := newTown(t, stormJoiners+1, "")
	w.login(8, "SCRAM-SHA-256", rosterRequest+carbonsOn)
	s := newStorm(w)
	if err := s.enter(0); err != nil {
		t.Fatal(err)
	}
	before := w.cpu()
	var talking sync.WaitGroup
	talking.Go(s.talk)
	each := time.NewTicker(stormFor / stormJoiners)
	defer each.Stop()
	began := time.Now()
	for i := 1; i <= stormJoiners; i++ {
		<-each.C
		if err := s.enter(i); err != nil {
			t.Fatal(err)
		}
	}
	entering := time.Since(began)
	talking.Wait()
	s.await("presences", &s.presences, (stormJoiners+1)*(stormJoiners+1))
	t.Logf("%d entered in %v; server CPU %v", stormJoiners, entering.Round(time.Millisecond), w.cpu()-before)
	s.check()
}

// storm is people who enter the lobby, and what each of them sees.
type storm struct {
	w         *town
	people    []*stormer
	presences atomic.Int64
	ended     atomic.Int64             // of the talk, by those who have heard the last of it
	sent      [stormTalks]atomic.Int64 // when, in ns
	broken    chan error
	over      atomic.Bool
}

// stormer is what one of them sees. Its reader owns it, until storm.check.
type stormer struct {
	here   [stormJoiners + 1]bool // the occupants that it knows
	heard  []int                  // numbers of messages
	delays []time.Duration
	lost   int // presences of those who leave
}

func newStorm(w *town) *storm {
	s := &storm{w: w, broken: make(chan error, len(w.guests))}
	var readers sync.WaitGroup
	for range w.guests {
		s.people = append(s.people, new(stormer))
	}
	for i := range w.guests {
		readers.Go(func() {
			if err := s.read(i); !s.over.Load() {
				s.broken <- fmt.Errorf("u%d lost its connection: %w", i, err)
			}
		})
	}
	w.t.Cleanup(func() {
		s.over.Store(true)
		for _, g := range w.guests {
			_ = g.Close()
		}
		readers.Wait()
	})
	return s
}

func (s *storm) enter(i int) error {
	_, err := fmt.Fprintf(s.w.guests[i], `<presence to="%s/u%d"><x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="0"/></x></presence>`, hallJID, i)
	return err
}

// talk lets the first guest say something each second.
func (s *storm) talk() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for n := range stormTalks {
		<-tick.C
		s.sent[n].Store(time.Now().UnixNano())
		if _, err := fmt.Fprintf(s.w.guests[0], `<message type="groupchat" to="%s" id="m%[2]d"><body>%[2]d</body></message>`, hallJID, n); err != nil {
			s.broken <- err
			return
		}
	}
}

// read takes in what comes for a guest until its connection ends.
func (s *storm) read(i int) error {
	buf := make([]byte, 0, 16<<10)
	for {
		n, err := s.w.guests[i].Read(buf[len(buf):cap(buf)])
		if err != nil {
			return err
		}
		rest := buf[:len(buf)+n]
		for {
			took := s.take(s.people[i], rest)
			if took == 0 {
				break
			}
			rest = rest[took:]
		}
		buf = buf[:copy(buf[:cap(buf)], rest)]
	}
}

var presenceFrom = []byte(` from="` + hallJID + `/u`)

// take reads one tag, with the text behind it if that is a body, and returns its length, 0 if its end has not come.
func (s *storm) take(p *stormer, b []byte) int {
	end := bytes.IndexByte(b, '>')
	if end < 0 {
		return 0
	}
	tag := b[max(0, bytes.IndexByte(b[:end], '<')):end]
	switch {
	case bytes.HasPrefix(tag, presenceStart):
		if i := bytes.Index(tag, presenceFrom); i >= 0 {
			who, _, _ := bytes.Cut(tag[i+len(presenceFrom):], []byte{'"'})
			s.saw(p, number(who), bytes.Contains(tag, []byte(`"unavailable"`)))
		}
	case string(tag) == "<body":
		close := bytes.IndexByte(b[end:], '<')
		if close < 0 {
			return 0
		}
		n := number(b[end+1 : end+close])
		p.heard = append(p.heard, n)
		p.delays = append(p.delays, time.Duration(time.Now().UnixNano()-s.sent[n].Load()))
		if n == stormTalks-1 {
			s.ended.Add(1)
		}
	}
	return end + 1
}

func number(b []byte) int {
	n, err := strconv.Atoi(string(b))
	if err != nil {
		return -1
	}
	return n
}

func (s *storm) saw(p *stormer, who int, gone bool) {
	if gone {
		p.lost++
		return
	}
	p.here[who] = true
	s.presences.Add(1)
}

// await waits until a counter has come to a value.
func (s *storm) await(what string, n *atomic.Int64, want int64) {
	s.w.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(guestPatience); n.Load() < want; {
		select {
		case <-tick.C:
		case err := <-s.broken:
			s.w.t.Fatal(err)
		case <-deadline:
			s.w.t.Fatalf("%d %s came of %d", n.Load(), what, want)
		}
	}
}

// check holds what everyone has seen against what has happened.
func (s *storm) check() {
	t := s.w.t
	t.Helper()
	s.await("ends of the talk", &s.ended, stormJoiners+1)
	var delays []time.Duration
	for i, p := range s.people {
		if j := slices.Index(p.here[:], false); j >= 0 || p.lost > 0 {
			t.Errorf("u%d does not know u%d, and saw %d leave", i, j, p.lost)
		}
		for j, n := range p.heard {
			if n != p.heard[0]+j {
				t.Errorf("u%d heard %v", i, p.heard)
				break
			}
		}
		delays = append(delays, p.delays...)
	}
	slices.Sort(delays)
	at := func(share float64) time.Duration { return delays[int(share*float64(len(delays)-1))] }
	t.Logf("%d deliveries, with delays of %v at the median, %v at 99 %%, %v at most", len(delays), at(0.5), at(0.99), at(1))
	if at(0.99) > stormBar {
		t.Errorf("one delivery in a hundred is %v late or more, the bar is %v", at(0.99), stormBar)
	}
}
