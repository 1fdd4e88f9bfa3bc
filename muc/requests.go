package muc

import (
	"context"
	"runtime/debug"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

var errNoNode = refusal(stanza.Cancel, stanza.ItemNotFound, "") // XEP-0030 §3.2

// acceptOwn answers what is for the service itself. Requests wait for the store on goroutines of their own, boundedly many.
func (s *Service) acceptOwn(st wire.Stanza, done func()) {
	if st.Kind() != wire.KindIQ || !request(st) {
		switch {
		case st.Kind() == wire.KindMessage:
			s.refuse(st, errUnknown)
		case st.Type() == "" && st.Has(nsMUC, "x"):
			s.refuse(st, refusal(stanza.Modify, stanza.JIDMalformed, "Choose a room to enter."))
		}
		done()
		return
	}
	if !s.begin() {
		s.refuse(st, errBusy)
		done()
		return
	}
	go func() {
		defer s.end()
		defer done()
		defer s.recovered(st)
		ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
		defer cancel()
		p, err := s.answer(ctx, st)
		if err != nil {
			s.refuse(st, err)
			return
		}
		s.o.Router.Send(ctx, st.Result(p))
	}()
}

// recovered answers a request that failed by a mistake of ours, and keeps the process alive.
func (s *Service) recovered(st wire.Stanza) {
	if v := recover(); v != nil {
		s.Stats.Panics.Add(1)
		s.o.Log.Error("service failed on a request", "panic", v, "stack", string(debug.Stack()))
		s.refuse(st, errUnstored)
	}
}

// begin takes a slot for a request, and reports false if there is none.
func (s *Service) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	select {
	case s.asking <- struct{}{}:
		s.running.Add(1)
		return true
	default:
		return false
	}
}

func (s *Service) end() {
	<-s.asking
	s.running.Done()
}

func (s *Service) answer(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
	for k := range st.Kids() {
		switch {
		case st.Type() != "get" || st.To().IsFull():
		case k.Is(nsDiscoInfo, "query"):
			return s.discoInfo(k)
		case k.Is(nsDiscoItems, "query"):
			return s.discoItems(ctx, k)
		case k.Is(nsPing, "ping"):
			return nil, nil
		case k.Is(nsUnique, "unique"):
			return uniqueName(), nil
		case k.Is(nsSearch, "search"):
			return s.search(ctx, k)
		case k.Is(nsVCard, "vCard"):
			return s.vCard(), nil
		}
		break
	}
	return nil, errUnknown
}

// discoInfo describes the service (XEP-0045 §6.2).
func (s *Service) discoInfo(k wire.Kid) (wire.Payload, error) {
	if k.Attr("node") != "" {
		return nil, errNoNode
	}
	w := wire.NewWriter().Start(nsDiscoInfo, "query")
	w.Start("", "identity").Attr("category", "conference").Attr("type", "text").Attr("name", "Rooms").End()
	for _, f := range s.o.Router.Features(router.OnService) {
		w.Start("", "feature").Attr("var", f).End()
	}
	return w.Raw(dataPolicy(s.retention().NeverMoreThan)).Payload(), nil // what an owner can choose is the most
}
