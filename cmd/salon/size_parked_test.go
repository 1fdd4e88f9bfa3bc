package main_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	parkedRooms  = 10_000
	parkedLive   = 100 // have somebody inside
	parkedOwners = 20
	parkedJoins  = 500
	parkedSpare  = 50 // goroutines that may run besides, of requests under way
	parkedBar    = 50 * time.Millisecond
)

// TestSizeParked makes 10,000 rooms that stay, and leaves all but 100. Those must end up in storage alone, and open again within
// 50 ms for the first who enters.
func TestSizeParked(t *testing.T) {
	long(t)
	w := newTown(t, parkedOwners, "  park_after: 1s\n  per_account_owned: 1000\n  joins_burst: 100000\n")
	w.login(8, "SCRAM-SHA-256", rosterRequest+carbonsOn)
	zero, quiet := w.rss(), w.rest(0)
	began := time.Now()
	w.each(w.guests, parkedOwners, func(g *guest) error {
		for i := range parkedRooms / parkedOwners {
			if err := g.found(i, i < parkedLive/parkedOwners); err != nil {
				return err
			}
		}
		return nil
	})
	t.Logf("%d rooms made in %v", parkedRooms, time.Since(began).Round(time.Second))
	goroutines := w.rest(quiet + parkedSpare)
	last := w.rss()
	<-time.After(idleSettle)
	t.Logf("%d goroutines, %d before; %d bytes of memory for each room, %d right behind the last; %d MiB without rooms",
		goroutines, quiet, (w.rss()-zero)/parkedRooms, (last-zero)/parkedRooms, zero>>20)

	var joins []time.Duration
	g := w.guests[0]
	for i := range parkedJoins {
		room := fmt.Sprintf("%s-%d@conference.a.test/v", w.guests[1+i%(parkedOwners-1)].name, 100+i/(parkedOwners-1))
		asked := time.Now()
		if got, err := g.ask(`<presence to="`+room+`"><x xmlns="http://jabber.org/protocol/muc"/></presence>`, `<subject`); err != nil {
			t.Fatal(err)
		} else if !strings.Contains(got, `from="`+room+`"`) || !strings.Contains(got, `code="110"`) {
			t.Fatalf("%s answers %s", room, got)
		}
		joins = append(joins, time.Since(asked))
		if _, err := g.ask(`<presence type="unavailable" to="`+room+`"/>`, `"unavailable"`); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(joins)
	slowest := joins[len(joins)-1]
	t.Logf("a parked room answers its first join in %v at the median, %v at 99 %%, %v at most", joins[len(joins)/2], joins[len(joins)*99/100], slowest)
	if slowest > parkedBar {
		t.Errorf("a parked room answers its first join in %v, the bar is %v", slowest, parkedBar)
	}
}

// found makes a room that stays, and leaves it unless it is to live.
func (g *guest) found(i int, live bool) error {
	room := fmt.Sprintf("%s-%d@conference.a.test", g.name, i)
	steps := [][2]string{
		{`<presence to="` + room + `/o"><x xmlns="http://jabber.org/protocol/muc"/></presence>`, `<subject`},
		{`<iq type="set" id="f" to="` + room + `"><query xmlns="http://jabber.org/protocol/muc#owner"><x xmlns="jabber:x:data" type="submit">` +
			`<field var="FORM_TYPE"><value>http://jabber.org/protocol/muc#roomconfig</value></field>` +
			`<field var="muc#roomconfig_persistentroom"><value>1</value></field></x></query></iq>`, `type="result"`},
		{`<presence type="unavailable" to="` + room + `/o"/>`, `"unavailable"`},
	}
	if live {
		steps = steps[:2]
	}
	for _, s := range steps {
		if got, err := g.ask(s[0], s[1], `type="error"`); err != nil {
			return err
		} else if strings.HasSuffix(got, `type="error"`) {
			return fmt.Errorf("%s is refused: %s", room, got)
		}
	}
	return nil
}
