package c2s

import (
	"encoding/xml"
	"time"

	"salon.im/salon/stream"
	"salon.im/salon/wire"
)

// watchEvery is how often sessions are looked at: one timer for all of them. Where the settings are shorter than that, it is
// half of the shortest.
const watchEvery = 5 * time.Second

func (s *Server) watchInterval() time.Duration {
	cfg := s.o.Config().Stream
	every := min(watchEvery, cfg.PingTimeout/2)
	if cfg.IdlePing > 0 {
		every = min(every, cfg.IdlePing/2)
	}
	return max(every, time.Second/2)
}

// watch pings silent clients and drops those that do not answer, until the server ends.
func (s *Server) watch() {
	t := time.NewTimer(s.watchInterval())
	defer t.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case now := <-t.C:
			for _, x := range s.list() {
				x.check(now)
			}
			t.Reset(s.watchInterval())
		}
	}
}

// check asks for the acknowledgement of what was sent (XEP-0198 §4), pings a client that has been silent for IdlePing, and
// cuts one that owes an answer for PingTimeout: its session hibernates or ends like that of any lost connection.
func (x *Session) check(now time.Time) {
	defer x.s.recovered("watch", func() { x.Close(stream.Error("internal-server-error", "")) })
	x.mu.Lock()
	c := x.conn
	x.mu.Unlock()
	if c == nil {
		return
	}
	cfg := x.s.o.Config().Stream
	heard := c.Heard()
	if at := x.pinged.Load(); at != 0 && heard.Unix() > at {
		x.pinged.CompareAndSwap(at, 0) // white space is a sign of life too
	}
	idle := cfg.IdlePing > 0 && now.Sub(heard) >= cfg.IdlePing
	owed := x.out.Ask(idle && x.pinged.Load() == 0)
	if idle {
		x.ping(now)
	}
	if at := x.pinged.Load(); at != 0 && (owed.IsZero() || owed.After(time.Unix(at, 0))) {
		owed = time.Unix(at, 0)
	}
	if !owed.IsZero() && heard.Before(owed) && now.Sub(owed) >= cfg.PingTimeout {
		c.Close()
	}
}

// ping asks once for a sign of life: XEP-0199 where there is no <r/> of XEP-0198.
func (x *Session) ping(now time.Time) {
	if !x.pinged.CompareAndSwap(0, now.Unix()) || x.counting.Load() {
		return
	}
	w := wire.NewWriter()
	name := xml.Name{Space: "urn:xmpp:ping", Local: "ping"}
	w.Elem(name.Space, name.Local, "")
	x.out.Send(wire.New(wire.KindIQ, "get", newID(), x.addr.Host(), x.addr, w.Payload()), 0)
}
