package feature_test

import (
	"strings"
	"testing"

	"salon.im/salon/config"
	"salon.im/salon/router"
	"salon.im/salon/wire"
)

const (
	askInfo  = `<query xmlns='http://jabber.org/protocol/disco#info'/>`
	askItems = `<query xmlns='http://jabber.org/protocol/disco#items'/>`
)

// XEP-0030 §3.1, XEP-0157 §3: the server's identity, its features and its contact addresses.
func TestDiscoServer(t *testing.T) {
	w := newWorld(t)
	w.cfg.Contact = config.Contact{Abuse: []string{"xmpp:abuse@example.test"}}
	got := w.online("anna@example.test/a").ask("get", host, askInfo)
	w.want(got, `<identity category="server" type="im" name="Salon"/>`, `<feature var="urn:xmpp:ping"/>`, `<feature var="msgoffline"/>`,
		`<value>http://jabber.org/network/serverinfo</value>`, `var="abuse-addresses"`, `<value>xmpp:abuse@example.test</value>`)
	if strings.Contains(got, "admin-addresses") {
		t.Error("an empty list of addresses is shown")
	}
}

// XEP-0030 §4.1: the server lists its services.
func TestDiscoServices(t *testing.T) {
	w := newWorld(t)
	w.r.AddItem(host, router.Item{Addr: wire.MustAddr("rooms.example.test"), Name: "Rooms"})
	w.want(w.online("anna@example.test/a").ask("get", host, askItems), `<item jid="rooms.example.test" name="Rooms"/>`)
}

// XEP-0030 §8: an account shows itself to its owner and to contacts that see its presence, and hides from others.
func TestDiscoAccount(t *testing.T) {
	w := newWorld(t)
	w.lets("ben@example.test", "anna@example.test")
	anna, _ := w.online("anna@example.test/a"), w.online("ben@example.test/b")
	tests := []struct {
		to, query string
		want      []string
	}{
		0: {"", askInfo, []string{`type="result"`, `<identity category="account" type="registered"/>`}},
		1: {"anna@example.test", askInfo, []string{`category="account"`}},
		2: {"ben@example.test", askInfo, []string{`category="account"`}},
		3: {"carl@example.test", askInfo, []string{`type="error"`, "service-unavailable"}},
		4: {"nobody@example.test", askInfo, []string{`type="error"`, "service-unavailable"}},
		5: {"ben@example.test", askItems, []string{`<item jid="ben@example.test/b"/>`}},
		6: {"carl@example.test", askItems, []string{`<query xmlns="http://jabber.org/protocol/disco#items"/>`}},
		7: {"nobody@example.test", askItems, []string{`<query xmlns="http://jabber.org/protocol/disco#items"/>`}},
	}
	for i, tt := range tests {
		got := anna.ask("get", tt.to, tt.query)
		if !contains(got, tt.want...) {
			t.Errorf("%d: %s", i, got)
		}
	}
}

// XEP-0030 §7: a node that is not there.
func TestDiscoUnknownNode(t *testing.T) {
	w := newWorld(t)
	anna := w.online("anna@example.test/a")
	for i, to := range []string{host, ""} {
		for _, ns := range []string{"info", "items"} {
			got := anna.ask("get", to, `<query xmlns='http://jabber.org/protocol/disco#`+ns+`' node='x'/>`)
			if !contains(got, `type="error"`, "item-not-found") {
				t.Errorf("%d %s: %s", i, ns, got)
			}
		}
	}
}

// XEP-0199 §4.2: the server answers at once; §8: whether another account exists is nobody's business.
func TestPing(t *testing.T) {
	w := newWorld(t)
	anna := w.online("anna@example.test/a")
	for _, to := range []string{"", host, "anna@example.test"} {
		if got := anna.ask("get", to, `<ping xmlns='urn:xmpp:ping'/>`); !contains(got, `type="result"`) {
			t.Errorf("to %q: %s", to, got)
		}
	}
	for _, to := range []string{"ben@example.test", "nobody@example.test"} {
		w.want(anna.ask("get", to, `<ping xmlns='urn:xmpp:ping'/>`), "service-unavailable")
	}
}
