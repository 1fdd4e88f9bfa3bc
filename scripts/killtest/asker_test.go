package killtest_test

import (
	"strings"
	"time"

	"salon.im/salon/internal/xmpptest/keeper"
	"salon.im/salon/wire"
)

// asker is a session that asks, and waits for each answer. Without presence nothing comes to it that it did not ask for, but
// from the rooms that it enters.
type asker struct {
	*keeper.Client
	w   *estate
	got chan wire.Stanza
}

// ask connects a session of its own for an account, which ends with the function.
func (w *estate) ask(name string, f func(*asker)) {
	w.t.Helper()
	a := &asker{Client: &keeper.Client{Addr: wire.MustAddr(name + "@a.test/asker"), Password: "secret", Dial: w.server.dial}, w: w, got: make(chan wire.Stanza, 1000)}
	a.Receive = func(st wire.Stanza) { a.got <- st }
	w.connect(a.Client)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = a.Serve()
	}()
	f(a)
	a.Leave()
	<-served
}

// await returns the next stanza that is wanted; others are passed over.
func (a *asker) await(what string, wanted func(wire.Stanza) bool) wire.Stanza {
	a.w.t.Helper()
	late := time.After(time.Minute)
	for {
		select {
		case st := <-a.got:
			if wanted(st) {
				return st
			}
		case <-late:
			a.w.t.Fatalf("%s waits for %s: %.2000s", a.Addr, what, a.w.server.log.String())
		}
	}
}

// iq asks a request, and returns its answer. %s stands for the id.
func (a *asker) iq(xml string) wire.Stanza {
	a.w.t.Helper()
	id := wire.NewID()
	a.Send(keeper.Stanza{XML: strings.ReplaceAll(xml, "%s", id)})
	return a.await("an answer", func(st wire.Stanza) bool { return st.Kind() == wire.KindIQ && st.ID() == id })
}

// must is iq for what must not be refused.
func (a *asker) must(xml string) wire.Stanza {
	a.w.t.Helper()
	st := a.iq(xml)
	if st.Type() != "result" {
		a.w.t.Fatalf("%s got %s for %s", a.Addr, st.Append(nil), xml)
	}
	return st
}

// enter asks to enter a room, and returns the presence that says how that went.
func (a *asker) enter(room string) wire.Stanza {
	a.w.t.Helper()
	a.Send(keeper.Stanza{XML: `<presence to="` + address(room) + `/` + a.Addr.Local() + `"><x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="0"/></x></presence>`})
	return a.await("its presence in "+room, func(st wire.Stanza) bool {
		x, _ := st.Kid(nsUser, "x")
		return st.Kind() == wire.KindPresence && (st.Type() == "error" || hasStatus(x, "110"))
	})
}

// leave leaves a room.
func (a *asker) leave(room string) {
	a.w.t.Helper()
	a.Send(keeper.Stanza{XML: `<presence type="unavailable" to="` + address(room) + `/` + a.Addr.Local() + `"/>`})
	a.await("the end of its visit to "+room, func(st wire.Stanza) bool {
		return st.Kind() == wire.KindPresence && st.Type() == "unavailable" && st.From().Resource() == a.Addr.Local()
	})
}
