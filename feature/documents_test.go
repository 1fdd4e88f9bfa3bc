package feature_test

import (
	"strings"
	"testing"

	"salon.im/salon/feature"
)

const (
	askDelimiter = `<query xmlns='jabber:iq:private'><roster xmlns='roster:delimiter'/></query>`
	askVCard     = `<vCard xmlns='vcard-temp'/>`
)

// XEP-0049 §2: what is stored comes back; what is not, as the empty element of the request.
func TestPrivate(t *testing.T) {
	w := newWorld(t)
	feature.Private(w.r, w.store, w.config)
	anna := w.online("anna@example.test/a")
	w.want(anna.ask("get", "", askDelimiter), `type="result"`, `<query xmlns="jabber:iq:private"><roster xmlns="roster:delimiter"/></query>`)
	w.want(anna.ask("set", "", `<query xmlns='jabber:iq:private'><roster xmlns='roster:delimiter'>::</roster><other xmlns='roster:delimiter'>x</other></query>`), `type="result"`)
	w.want(anna.ask("get", "", askDelimiter), `<roster xmlns='roster:delimiter'>::</roster>`)
	w.want(anna.ask("get", "", `<query xmlns='jabber:iq:private'><other xmlns='roster:delimiter'/></query>`), `>x</other>`)
}

// XEP-0049 §2.3: what is refused, and how.
func TestPrivateRefusals(t *testing.T) {
	w := newWorld(t)
	feature.Private(w.r, w.store, w.config)
	anna := w.online("anna@example.test/a")
	w.cfg.Limits.PrivateBytes = 200
	tests := []struct{ typ, to, content, want string }{
		0: {"get", "", ``, "bad-request"},
		1: {"set", "", ``, "not-acceptable"},
		2: {"get", "", `<a xmlns='one:ns'/><b xmlns='two:ns'/>`, "not-acceptable"},
		3: {"set", "", `<a/>`, "not-acceptable"},
		4: {"get", "ben@example.test", `<a xmlns='one:ns'/>`, "forbidden"},
		5: {"set", "ben@example.test", `<a xmlns='one:ns'/>`, "forbidden"},
		6: {"get", "nobody@example.test", `<a xmlns='one:ns'/>`, "forbidden"},
		7: {"set", "", `<a xmlns='one:ns'>` + strings.Repeat("x", 300) + `</a>`, "resource-constraint"},
		8: {"set", "", `<a xmlns='one:ns'>` + strings.Repeat("x", 100) + `</a>`, `type="result"`},
		9: {"set", "", `<b xmlns='one:ns'>` + strings.Repeat("x", 100) + `</b>`, "resource-constraint"},
	}
	for i, tt := range tests {
		if got := anna.ask(tt.typ, tt.to, `<query xmlns='jabber:iq:private'>`+tt.content+`</query>`); !strings.Contains(got, tt.want) {
			t.Errorf("%d: %s", i, got)
		}
	}
}

// XEP-0054 §3: the owner sets it, everyone reads it, nobody else changes it; none and nobody look the same.
func TestVCard(t *testing.T) {
	w := newWorld(t)
	feature.VCard(w.r, w.store, w.config)
	w.cfg.Limits.VCardBytes = 1024
	anna, ben := w.online("anna@example.test/a"), w.online("ben@example.test/b")
	w.want(anna.ask("get", "", askVCard), "item-not-found")
	none := ben.ask("get", "anna@example.test", askVCard)
	w.want(none, `type="error"`, "service-unavailable")
	w.want(ben.ask("get", "nobody@example.test", askVCard), "service-unavailable")
	w.want(anna.ask("set", "", `<vCard xmlns='vcard-temp'><FN>Anna</FN></vCard>`), `type="result"`)
	w.want(anna.ask("get", "anna@example.test", askVCard), `<FN>Anna</FN>`)
	w.want(ben.ask("get", "anna@example.test", askVCard), `from="anna@example.test"`, `<FN>Anna</FN>`)
	w.want(ben.ask("set", "anna@example.test", `<vCard xmlns='vcard-temp'><FN>B</FN></vCard>`), "forbidden")
	w.want(anna.ask("set", "", `<vCard xmlns='vcard-temp'><FN>`+strings.Repeat("x", 2000)+`</FN></vCard>`), "not-acceptable")
	w.want(anna.ask("get", "", askVCard), `<FN>Anna</FN>`)
}
