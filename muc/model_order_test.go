package muc_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestModelOrder lets many do what they like at once. Those who stay inside all the while must see one and the same sequence of
// messages, presences and subjects; of who comes and goes, each visit must be a stretch of it, without a gap.
func TestModelOrder(t *testing.T) {
	seeds, steps := 3, 60
	if os.Getenv("SALON_LONG") != "" {
		seeds, steps = 40, 400
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { oneOrder(t, uint64(seed), steps) })
	}
}

// Who stays, and who comes and goes.
const (
	orderWatchers = 3
	orderWalkers  = 8
)

func oneOrder(t *testing.T, seed uint64, steps int) {
	all := crowd(t)
	var doing sync.WaitGroup
	said := map[string]bool{} // the ids of all messages
	for i, p := range all {
		chance := rand.New(rand.NewPCG(seed, uint64(i)))
		var todo []string
		for j := range steps {
			id := fmt.Sprint(i, ".", j)
			todo = append(todo, walk(chance, i < orderWatchers, id))
			if strings.HasPrefix(todo[j], "<message") {
				said[id] = true
			}
		}
		doing.Go(func() {
			for _, x := range todo {
				p.say(x)
			}
		})
	}
	doing.Wait()
	got := make([][]came, len(all))
	for range 2 { // after the first round all are through, after the second everyone has seen all
		for i, p := range all {
			for _, x := range p.sync() {
				c, _ := hear(t, x)
				got[i] = append(got[i], c)
			}
		}
	}
	compareOrders(t, got)
	fate := fates(got)
	for id := range said {
		if fate[id] != 1 {
			t.Errorf("the message %s was passed on or refused %d times", id, fate[id])
		}
	}
}

// crowd is a room with those who stay, and sessions of those who will come.
func crowd(t *testing.T) (all []*person) {
	w := newWorld(t)
	for i := range orderWatchers {
		p := w.dial(fmt.Sprint("w", i))
		if i == 0 {
			p.instant("W0")
			p.configure("persistentroom=1", "changesubject=1")
		} else {
			all[0].affiliate(p.addr.Bare().String(), "owner")
			p.enter(fmt.Sprint("W", i))
		}
		all = append(all, p)
	}
	for i := range orderWalkers {
		all = append(all, w.dial(fmt.Sprint("p", i)))
	}
	for _, p := range all {
		p.sync()
	}
	return all
}

// compareOrders holds what everyone was sent against what the first was sent, who stayed.
func compareOrders(t *testing.T, got [][]came) {
	t.Helper()
	order, visits := sequence(got[0]), 0
	for i := 1; i < orderWatchers; i++ {
		if other := sequence(got[i]); !slices.Equal(order, other) {
			at := 0
			for at < min(len(order), len(other)) && order[at] == other[at] {
				at++
			}
			t.Fatalf("those who stay differ at %d of %d:\n%q\n%q", at, len(order), order[at:min(at+3, len(order))], other[at:min(at+3, len(other))])
		}
	}
	for i := orderWatchers; i < len(got); i++ {
		for _, visit := range visitsOf(got[i]) {
			visits++
			at := slices.Index(order, visit[0])
			if at < 0 || at+len(visit) > len(order) || !slices.Equal(order[at:at+len(visit)], visit) {
				t.Fatalf("%d does not see what those see who stay:\n\t%s\nat %d of\n\t%s", i, strings.Join(visit, "\n\t"), at, strings.Join(order, "\n\t"))
			}
		}
	}
	if visits < orderWalkers || len(order) < len(got) {
		t.Errorf("%d visits, %d events: too little happened", visits, len(order))
	}
}

// fates counts for each message how often it was passed on, or refused. Those who stay are the first.
func fates(got [][]came) map[string]int {
	n := map[string]int{}
	for _, c := range got[0] {
		if c.typ == "groupchat" {
			n[c.text]++
		}
	}
	for _, c := range slices.Concat(got...) {
		if c.kind == "message" && c.typ == "error" {
			n[c.id]++
		}
	}
	return n
}

// walk is something that somebody does. Who stays throws others out, and takes and gives voice.
func walk(chance *rand.Rand, stays bool, id string) string {
	shared := fmt.Sprint("S", chance.IntN(4))
	switch n := chance.IntN(10); {
	case n < 3:
		return `<message type='groupchat' id='` + id + `' to='` + roomJID + `'><body>` + id + `</body></message>`
	case n < 4:
		return `<message type='groupchat' id='` + id + `' to='` + roomJID + `'><subject>` + id + `</subject></message>`
	case stays:
		role := []string{"none", "visitor", "participant"}[chance.IntN(3)]
		return `<iq type='set' id='a' to='` + roomJID + `'><query xmlns='http://jabber.org/protocol/muc#admin'><item nick='` + shared + `' role='` + role + `'/></query></iq>`
	case n < 7: // under a nick that nobody has had: to enter, or another nick
		return `<presence to='` + roomJID + `/N` + id + `'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>`
	case n < 9:
		return `<presence to='` + roomJID + `/` + shared + `'/>`
	}
	return `<presence type='unavailable' to='` + roomJID + `/x'/>`
}

// sequence returns what everyone inside is shown alike.
func sequence(got []came) (out []string) {
	for _, c := range got {
		if c.kind == "iq" || c.typ == "error" {
			continue
		}
		out = append(out, alike(c))
	}
	return out
}

func alike(c came) string {
	c.jid = "" // not for all
	c.codes = slices.DeleteFunc(slices.Clone(c.codes), func(code int) bool { return code == 110 || code == 170 })
	return c.String()
}

// visitsOf returns what one who comes and goes was shown in each visit: from its own presence to its own end.
func visitsOf(got []came) (visits [][]string) {
	inside, subject := false, false
	for _, c := range got {
		own := slices.Contains(c.codes, 110)
		switch {
		case c.kind == "iq", c.typ == "error", slices.Contains(c.codes, 333):
			continue
		case !inside && !own:
			continue // the others, before its own
		case !inside:
			inside, subject = true, true
			visits = append(visits, nil)
		case subject:
			subject = false // the last of what who enters is sent
			continue
		}
		last := len(visits) - 1
		visits[last] = append(visits[last], alike(c))
		if own && c.typ == "unavailable" && !slices.Contains(c.codes, 303) {
			inside = false
		}
	}
	return visits
}
