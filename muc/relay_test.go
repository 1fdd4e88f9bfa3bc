package muc_test

import (
	"context"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"salon.im/salon/muc"
	"salon.im/salon/router"
	"salon.im/salon/wire"
)

// XEP-0410: a client learns whether it is still in.
func TestSelfPing(t *testing.T) {
	w, _, ben, _ := three(t)
	const ping = `<iq type='get' id='sp' to='` + roomJID + `/%s'><ping xmlns='urn:xmpp:ping'/></iq>`
	ben.say(fmt.Sprintf(ping, "B"))
	got := ben.sync()
	w.want(got, `id="sp"`, `type="result"`, `from="`+roomJID+`/B"`)
	eve := w.dial("eve")
	eve.say(fmt.Sprintf(ping, "B"))
	w.want(eve.sync(), `id="sp"`, `not-acceptable`)
	ben.say(fmt.Sprintf(ping, "Nobody"))
	w.want(ben.sync(), `item-not-found`)
}

// A request to an occupant goes to its client, and the answer comes back, both under occupant addresses.
func TestRelay(t *testing.T) {
	w, anna, ben, carl := three(t)
	anna.say(`<iq type='get' id='v1' to='` + roomJID + `/B'><query xmlns='jabber:iq:version'/></iq>`)
	anna.sync()
	asked := ben.waitFor(`jabber:iq:version`, `from="`+roomJID+`/A"`, `to="ben@example.test/home"`)
	_, id, _ := strings.Cut(asked, ` id="`)
	id, _, _ = strings.Cut(id, `"`)
	if id == "v1" {
		t.Error("the id can be guessed")
	}
	answer := `<iq type='result' id='` + id + `' to='` + roomJID + `/A'><query xmlns='jabber:iq:version'><name>x</name></query></iq>`
	carl.say(answer) // not who was asked
	carl.sync()
	if got := anna.sync(); len(got) > 0 {
		t.Errorf("%q", got)
	}
	ben.say(answer)
	ben.sync()
	w.want(anna.sync(), `id="v1"`, `type="result"`, `from="`+roomJID+`/B"`, `to="anna@example.test/home"`, `<name>x</name>`)
	ben.say(answer)
	ben.sync()
	if got := anna.sync(); len(got) > 0 {
		t.Errorf("answered twice: %q", got)
	}
	eve := w.dial("eve")
	eve.say(`<iq type='get' id='d' to='` + roomJID + `/B'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`)
	w.want(eve.sync(), `bad-request`) // §6.6
}

// A vCard is asked of the account, not of the client.
func TestRelayVCard(t *testing.T) {
	w := newWorld(t)
	w.router.HandleIQ(router.ToAccount, "get", xml.Name{Space: "vcard-temp", Local: "vCard"},
		func(_ context.Context, st wire.Stanza) (wire.Payload, error) {
			return wire.NewWriter().Start("vcard-temp", "vCard").Elem("", "FN", st.To().String()).Payload(), nil
		})
	anna, ben := w.dial("anna"), w.dial("ben")
	anna.instant("A")
	ben.enter("B")
	anna.say(`<iq type='get' id='vc' to='` + roomJID + `/B'><vCard xmlns='vcard-temp'/></iq>`)
	got := anna.waitFor(`id="vc"`)
	w.want([]string{got}, `type="result"`, `from="`+roomJID+`/B"`, `<FN>ben@example.test</FN>`)
	w.wantNot(ben.sync(), `vcard-temp`)
}

// Requests that wait are bounded for each asker, so that one takes no other's room, and for the room.
func TestRelayBound(t *testing.T) {
	w, anna, ben, carl := three(t)
	ask := func(p *person, n int) {
		for i := range n {
			p.say(fmt.Sprintf(`<iq type='get' id='v%d' to='%s/B'><query xmlns='jabber:iq:version'/></iq>`, i, roomJID))
		}
	}
	ask(anna, muc.MaxRelaysOfAsker+1)
	w.want(anna.sync(), fmt.Sprintf(`id="v%d"`, muc.MaxRelaysOfAsker), `resource-constraint`)
	ask(carl, 1)
	w.wantNot(carl.sync(), `resource-constraint`)
	for i := 1; i < muc.MaxRelays/muc.MaxRelaysOfAsker; i++ {
		p := w.dial(fmt.Sprint("p", i))
		p.enter(fmt.Sprint("P", i))
		ask(p, muc.MaxRelaysOfAsker)
		p.sync()
	}
	ask(carl, 1)
	w.want(carl.sync(), `resource-constraint`)
	ben.sync()
}
