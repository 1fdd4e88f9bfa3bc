package main_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"salon.im/salon/wire"
)

const (
	soakFor    = 60 * time.Second
	soakers    = 60
	soakRooms  = 6
	soakStep   = 200 * time.Millisecond // at most, between two things that one does
	soakMemory = 32 << 20               // bytes that may stay behind
	soakSpare  = 20                     // goroutines that may
)

// TestLongSoak lets people do at random what clients do, and cut their connections and come back. The server must log no
// error, refuse no resumption, and be as small as before when all have gone.
func TestLongSoak(t *testing.T) {
	long(t)
	w := newTown(t, soakers, "stream: {resume_time: 2s}\n")
	w.soak(soakFor / 6) // what is allocated once
	memory, goroutines := w.rss(), w.rest(0)
	w.soak(soakFor)
	t.Logf("memory %d MiB, %d MiB before; %d goroutines, %d before", w.rss()>>20, memory>>20, w.rest(goroutines+soakSpare), goroutines)
	if grown := w.rss() - memory; grown > soakMemory {
		t.Errorf("the memory grew by %d MiB", grown>>20)
	}
	for _, bad := range []string{"level=ERROR", "level=WARN", "panic"} {
		if log := w.log.String(); strings.Contains(log, bad) {
			t.Errorf("the log has %s: %.2000s", bad, log)
		}
	}
}

// soak lets everybody live for a while, and log out.
func (w *town) soak(d time.Duration) {
	w.t.Helper()
	var did [len(soakDeeds)]atomic.Int64
	end := time.Now().Add(d)
	w.each(w.guests, len(w.guests), func(g *guest) error {
		s := &soaker{guest: g, w: w}
		if err := s.begin(); err != nil {
			return err
		}
		for time.Now().Before(end) {
			n := rand.IntN(len(soakDeeds))
			did[n].Add(1)
			if err := soakDeeds[n].do(s); err != nil {
				return fmt.Errorf("%s, %s: %w", g.name, soakDeeds[n].name, err)
			}
			<-time.After(rand.N(soakStep))
		}
		return s.out()
	})
	var told []string
	for i, deed := range soakDeeds {
		told = append(told, fmt.Sprintf("%d × %s", did[i].Load(), deed.name))
	}
	w.t.Log(strings.Join(told, ", "))
}

var soakDeeds = [...]struct {
	name string
	do   func(*soaker) error
}{
	{"chat", (*soaker).chat}, {"chat", (*soaker).chat}, {"talk in a room", (*soaker).talk}, {"talk in a room", (*soaker).talk},
	{"join", (*soaker).join}, {"leave", (*soaker).leave}, {"ask", (*soaker).asks}, {"say where I am", (*soaker).present},
	{"come back by resumption", (*soaker).resume}, {"log out and in", (*soaker).again},
}

// soaker is a guest that counts what it receives (XEP-0198), with a goroutine that reads for each of its connections.
type soaker struct {
	*guest
	w      *town
	id     string // for resumption
	got    atomic.Uint32
	failed atomic.Pointer[string] // a stream error, or whatever else must not come
	done   sync.WaitGroup
}

func (s *soaker) begin() error {
	if err := s.connect(s.w.direct, "SCRAM-SHA-256"); err != nil {
		return err
	}
	if _, err := s.ask(bindRequest, "</iq>"); err != nil {
		return err
	}
	got, err := s.ask(acksOn, "<enabled", "<failed")
	if err == nil && strings.Contains(got, "<failed") {
		err = fmt.Errorf("not enabled: %s", got)
	}
	if err == nil {
		got, err = s.until(">")
	}
	if err != nil {
		return err
	}
	s.id = idAttr.FindStringSubmatch(got)[1]
	s.got.Store(0)
	s.listen()
	return s.say(rosterRequest + `<presence/>`)
}

var idAttr = regexp.MustCompile(`\bid=["']([^"']+)["']`)

// listen reads in a goroutine, answers requests for acknowledgement, and counts stanzas.
func (s *soaker) listen() {
	conn := &guest{Conn: s.Conn, name: s.name, rest: s.rest}
	s.done.Go(func() {
		_ = conn.stanzas(func(st wire.Stanza) {
			switch st.Name().Local {
			case "r":
				_, _ = fmt.Fprintf(conn, `<a xmlns="urn:xmpp:sm:3" h="%d"/>`, s.got.Load())
			case "error":
				text := string(st.Append(nil))
				s.failed.Store(&text)
			case "message", "presence", "iq":
				s.got.Add(1)
			}
		})
	})
}

func (s *soaker) say(format string, args ...any) error {
	if text := s.failed.Load(); text != nil {
		return fmt.Errorf("the stream ended: %s", *text)
	}
	_, err := fmt.Fprintf(s, format, args...)
	return err
}

func room() string { return fmt.Sprintf("room%d@conference.a.test", rand.IntN(soakRooms)) }

func (s *soaker) chat() error {
	return s.say(`<message type="chat" to="u%d@a.test" id="x"><body>%s</body></message>`, rand.IntN(soakers), strings.Repeat("hello ", rand.IntN(50)))
}

func (s *soaker) talk() error {
	return s.say(`<message type="groupchat" to="%s" id="x"><body>%s</body></message>`, room(), strings.Repeat("hello ", rand.IntN(50)))
}

// join enters a room, and unlocks it in case it is new (XEP-0045 §10.1.2).
func (s *soaker) join() error {
	return s.say(`<presence to="%[1]s/%[2]s"><x xmlns="http://jabber.org/protocol/muc"/></presence><iq type="set" id="u" to="%[1]s">`+
		`<query xmlns="http://jabber.org/protocol/muc#owner"><x xmlns="jabber:x:data" type="submit"/></query></iq>`, room(), s.name)
}

func (s *soaker) leave() error {
	return s.say(`<presence type="unavailable" to="%s/%s"/>`, room(), s.name)
}

func (s *soaker) asks() error {
	return s.say(`<iq type="get" id="p"><ping xmlns="urn:xmpp:ping"/></iq><iq type="get" id="d" to="%s"><query xmlns="http://jabber.org/protocol/disco#info"/></iq>`+rosterRequest, room())
}

func (s *soaker) present() error {
	return s.say(`<presence><priority>%d</priority></presence>`, rand.IntN(10))
}

// resume cuts the connection and comes back (XEP-0198 §5).
func (s *soaker) resume() error {
	s.cut()
	if err := s.connect(s.w.direct, "SCRAM-SHA-256"); err != nil {
		return err
	}
	got, err := s.ask(fmt.Sprintf(`<resume xmlns="urn:xmpp:sm:3" previd="%s" h="%d"/>`, s.id, s.got.Load()), "<resumed", "<failed")
	if err != nil {
		return err
	}
	if strings.Contains(got, "<failed") {
		why, _ := s.until("</failed>")
		return fmt.Errorf("not resumed: %s%s", got, why)
	}
	if _, err := s.until(">"); err != nil {
		return err
	}
	s.listen()
	return nil
}

// again logs out and in.
func (s *soaker) again() error {
	if err := s.out(); err != nil {
		return err
	}
	return s.begin()
}

// out ends the stream.
func (s *soaker) out() error {
	err := s.say(`</stream:stream>`)
	s.done.Wait() // the server ends it too
	_ = s.Close()
	return err
}

// cut ends the connection alone.
func (s *soaker) cut() {
	_ = s.NetConn().Close()
	s.done.Wait()
}

var goroutinesLine = regexp.MustCompile(`(?m)^go_goroutines (\d+)`)

// rest waits until the server has no more goroutines than some number, or, for 0 and at the latest, until it had time to
// forget everybody, and returns how many there are.
func (w *town) rest(atMost int) (n int) {
	w.t.Helper()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-tick.C {
		resp, err := http.Get("http://" + w.metrics + "/metrics")
		if err != nil {
			w.t.Fatal(err)
		}
		page, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			w.t.Fatal(err)
		}
		if n, err = strconv.Atoi(goroutinesLine.FindStringSubmatch(string(page))[1]); err != nil {
			w.t.Fatal(err)
		}
		if n <= atMost {
			return n
		}
	}
	if atMost > 0 {
		w.t.Errorf("%d goroutines are left, %d are expected at most", n, atMost)
	}
	return n
}
