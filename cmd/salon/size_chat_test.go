package main_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	chatPairs = 200 // in each, both talk to the other, with one message under way each
	chatSize  = 30_000
	chatBar   = 60 * time.Microsecond
)

// TestSizeChat holds the server's CPU for a one-to-one message over TLS, in the archives of both sides before it is delivered.
func TestSizeChat(t *testing.T) {
	long(t)
	w := newTown(t, 2*chatPairs, "")
	w.login(8, "SCRAM-SHA-256", rosterRequest+carbonsOn)
	c := newChat(w)
	var got []time.Duration
	for range rounds + 1 {
		began := time.Now()
		got = append(got, w.per(chatSize, func() { c.talk(chatSize) }))
		t.Logf("%.0f messages a second", chatSize/time.Since(began).Seconds())
	}
	hold(t, "server CPU for each one-to-one message", chatBar, got[1:]...) // the first fills caches
}

// chat is people who talk to each other in pairs: the next message of each follows when the last one has come.
type chat struct {
	w        *town
	text     []string     // what each guest says
	left     atomic.Int64 // messages to be sent
	sent     atomic.Int64 // numbers them all
	arrived  atomic.Int64
	all      chan struct{} // gets one when as many have arrived as talk wants
	want     atomic.Int64
	broken   chan error
	finished atomic.Bool
}

func newChat(w *town) *chat {
	c := &chat{w: w, all: make(chan struct{}, 1), broken: make(chan error, len(w.guests))}
	for i := range w.guests {
		c.text = append(c.text, fmt.Sprintf(`<message type="chat" to="u%d@a.test" id="m"><body>%s</body><origin-id xmlns="urn:xmpp:sid:0" id="%%d"/></message>`,
			i^1, strings.Repeat("hello ", 12)))
	}
	var readers sync.WaitGroup
	for i := range w.guests {
		readers.Go(func() {
			if err := c.read(i); !c.finished.Load() {
				c.broken <- err
			}
		})
	}
	w.t.Cleanup(func() {
		c.finished.Store(true)
		for _, g := range w.guests {
			_ = g.Close()
		}
		readers.Wait()
	})
	return c
}

// say sends guest i's next message, if there is one left.
func (c *chat) say(i int) error {
	if c.left.Add(-1) < 0 {
		return nil
	}
	_, err := fmt.Fprintf(c.w.guests[i], c.text[i], c.sent.Add(1))
	return err
}

// read lets the other side go on for each message that comes to guest i.
func (c *chat) read(i int) error {
	buf := make([]byte, 0, 16<<10)
	for {
		n, err := c.w.guests[i].Read(buf[len(buf):cap(buf)])
		if err != nil {
			return err
		}
		buf = buf[:len(buf)+n]
		came := bytes.Count(buf, bodyEnd)
		for range came {
			if err := c.say(i ^ 1); err != nil {
				return err
			}
		}
		if came > 0 {
			buf = buf[:copy(buf, buf[bytes.LastIndex(buf, bodyEnd)+len(bodyEnd):])]
			if c.arrived.Add(int64(came)) == c.want.Load() {
				c.all <- struct{}{}
			}
		} else if len(buf) == cap(buf) {
			buf = buf[:copy(buf, buf[len(buf)-len(bodyEnd):])]
		}
	}
}

// talk lets everybody talk until n messages have arrived.
func (c *chat) talk(n int) {
	c.w.t.Helper()
	c.want.Store(c.arrived.Load() + int64(n))
	c.left.Store(int64(n))
	for i := range c.w.guests {
		if err := c.say(i); err != nil {
			c.w.t.Fatal(err)
		}
	}
	select {
	case <-c.all:
	case err := <-c.broken:
		c.w.t.Fatal(err)
	case <-time.After(guestPatience):
		c.w.t.Fatalf("%d messages are missing", c.want.Load()-c.arrived.Load())
	}
}
