package c2s

import (
	"encoding/xml"
	"time"

	"salon.im/salon/wire"
)

// watchEvery is how often silent sessions are looked for: one timer for all of them.
const watchEvery = 5 * time.Second

// watch pings silent clients and drops those that do not answer, until the server ends.
func (s *Server) watch() {
	t := time.NewTicker(watchEvery)
	defer t.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case now := <-t.C:
			for _, x := range s.list() {
				x.check(now)
			}
		}
	}
}

// check pings a client that has been silent for IdlePing, and cuts one that left the ping unanswered for PingTimeout: its
// session hibernates or ends like that of any lost connection.
func (x *Session) check(now time.Time) {
	cfg := x.s.o.Config().Stream
	if cfg.IdlePing == 0 || now.Sub(time.Unix(x.heard.Load(), 0)) < cfg.IdlePing {
		return
	}
	switch at := x.pinged.Load(); {
	case at == 0:
		x.pinged.Store(now.Unix())
		x.ping()
	case now.Sub(time.Unix(at, 0)) >= cfg.PingTimeout:
		x.mu.Lock()
		c := x.conn
		x.mu.Unlock()
		if c != nil {
			c.Close()
		}
	}
}

// ping asks for a sign of life: <r/> where XEP-0198 is on, else XEP-0199.
func (x *Session) ping() {
	w := wire.NewWriter()
	if x.counting.Load() {
		w.Elem(nsSM, "r", "")
		x.out.Send(wire.NewNonza(w.Payload()), 0)
		return
	}
	host := x.addr.Host()
	name := xml.Name{Space: "urn:xmpp:ping", Local: "ping"}
	w.Elem(name.Space, name.Local, "")
	x.out.Send(wire.New(wire.KindIQ, "get", newID(), host, x.addr, w.Payload()), 0)
}
