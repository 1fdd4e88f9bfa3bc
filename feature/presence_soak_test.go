package feature_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
)

// People who do everything at once neither block each other nor end in a state that their clients were not told.
func TestSoak(t *testing.T) {
	h := newHouse(t)
	names := []string{"anna", "ben", "carl"}
	actions := []string{
		`<presence/>`, `<presence><show>away</show></presence>`, `<presence type='unavailable'/>`,
		`<presence to='%s@here.test'/>`, `<presence to='%s@here.test/1' type='unavailable'/>`,
		`<presence type='subscribe' to='%s@here.test'/>`, `<presence type='subscribed' to='%s@here.test'/>`,
		`<presence type='unsubscribe' to='%s@here.test'/>`, `<presence type='unsubscribed' to='%s@here.test'/>`,
		`<presence type='probe' to='%s@here.test'/>`, rosterGet,
		`<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='%s@here.test' subscription='remove'/></query></iq>`,
		`<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='%s@here.test' name='x'/></query></iq>`,
		`<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='%s@here.test'/></block></iq>`,
		`<iq type='set' id='b'><unblock xmlns='urn:xmpp:blocking'/></iq>`, blockGet,
	}
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(1, uint64(i)))
			who := fmt.Sprintf("%s/%d", names[i%3], i/3)
			g := h.bind(who)
			for range 150 {
				if rnd.IntN(25) == 0 {
					g.leave()
					g = h.bind(who)
				}
				text, other := actions[rnd.IntN(len(actions))], names[rnd.IntN(3)]
				if rnd.IntN(20) == 0 {
					other = "nobody"
				}
				if n := len(text); n > 0 && in(text, "%s") {
					text = fmt.Sprintf(text, other)
				}
				g.say(text)
			}
		})
	}
	wg.Wait()
	for _, n := range names {
		phone := h.bind(n + "/last")
		phone.say(rosterGet)
		items, _, err := h.store.Roster(t.Context(), at(n))
		if err != nil {
			t.Fatal(err)
		}
		got := phone.take()
		for _, it := range items {
			if it.Listed {
				want(t, 1, got, `<item jid="`+it.Contact.String()+`"`, `subscription="`+string(it.Subscription)+`"`)
			}
		}
	}
}
