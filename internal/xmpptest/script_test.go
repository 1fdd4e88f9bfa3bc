package xmpptest_test

import (
	"strings"
	"testing"

	"salon.im/salon/internal/xmpptest"
)

func TestParseScript(t *testing.T) {
	s, err := xmpptest.ParseScript("ping.txt", `# XEP-0199 §4.2: the server answers a ping
set limits.resources_per_user: 2
alice: alice@example.test/phone, online
bob: bob@example.test

# a comment
alice sends:
	<iq type="get" id="{id}">
		<ping xmlns="urn:xmpp:ping"/>
	</iq>
alice receives:
	<iq type="result" id="{id}"/>
bob's stream ends with: conflict
`)
	if err != nil {
		t.Fatal(err)
	}
	if s.Title != "XEP-0199 §4.2: the server answers a ping" || len(s.Set) != 1 || len(s.Clients) != 2 || len(s.Steps) != 3 {
		t.Fatalf("parsed as %+v", s)
	}
	if c := s.Clients[1]; c.Stage != "bound" || c.Addr != "bob@example.test" {
		t.Errorf("client %+v", c)
	}
	if st := s.Steps[0]; st.Line != 7 || st.Who != "alice" || !strings.Contains(st.Block, "\n\t<ping") {
		t.Errorf("step %+v", st)
	}
	if st := s.Steps[2]; st.Who != "bob" || st.Text != "stream ends with: conflict" {
		t.Errorf("step %+v", st)
	}
}

// TestParseScriptErrors proves that a slip in a script is found, and where.
func TestParseScriptErrors(t *testing.T) {
	const head = "# X §1: y\nalice: alice@example.test\n"
	for i, c := range []struct{ text, want string }{
		0: {"no title\n", ":1: the first line"},
		1: {"# XEP-0045: without a paragraph\n", ":1: the first line"},
		2: {head, "no steps"},
		3: {head + "bob receives nothing\n", `:3: no client "bob"`},
		4: {head + "alice dances\n", ":3: unknown step"},
		5: {head + "alice sends:\n", ":3: \"sends:\" needs its block"},
		6: {head + "alice receives:\n\t<message>\n", ":3: XML"},
		7: {head + "alice receives nothing\n\t<message/>\n", ":3: "},
		8: {head + "alice: alice@example.test\nalice cuts\n", ":3: there is a alice already"},
		9: {"# X §1: y\nalice: alice@example.test, asleep\nalice cuts\n", ":2: unknown stage"},
	} {
		_, err := xmpptest.ParseScript("s.txt", c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d: error %v, not %q", i, err, c.want)
		}
	}
}

func TestMatch(t *testing.T) {
	const (
		sid   = `<stanza-id xmlns="urn:xmpp:sid:0" id="1" by="b"/>`
		oid   = `<occupant-id xmlns="urn:xmpp:occupant-id:0" id="1"/>`
		voice = `<message from="room@conference.b/A">`
	)
	for i, c := range []struct{ pattern, got, why string }{
		0:  {`<message/>`, `<message id="1" from="a"/>`, ""},
		1:  {`<message/>`, `<presence/>`, "it is <presence"},
		2:  {`<message/>`, `<message xmlns="jabber:server"/>`, "it is <message"},
		3:  {`<message from="a"/>`, `<message from="b"/>`, `has from="b"`},
		4:  {`<message from="a"/>`, `<message/>`, "has no from"},
		5:  {`<message from="{any}"/>`, `<message from="b"/>`, ""},
		6:  {`<message from="{any}"/>`, `<message/>`, "has no from"},
		7:  {`<message from="{none}"/>`, `<message from="b"/>`, "has from"},
		8:  {`<message/>`, `<message type="error"/>`, `is of type "error"`},
		9:  {`<message/>`, `<message><body>x</body></message>`, "has a <body"},
		10: {`<message>…</message>`, `<message><body>x</body></message>`, ""},
		11: {`<message><body>x</body></message>`, `<message><body>y</body></message>`, `says "y"`},
		12: {`<message><body>x</body></message>`, `<message><thread>1</thread></message>`, "lacks <body"},
		13: {`<message><body>x</body></message>`, `<message><body xmlns="other">x</body></message>`, "lacks <body"},
		14: {`<message><b/><a/></message>`, "<message>\n <a/> <b/></message>", ""},
		15: {`<message><a/></message>`, `<message><a/><a/></message>`, "has a <a"},
		16: {`<message><body>x</body></message>`, `<message><body>x</body>` + sid + `</message>`, ""},
		17: {`<message>` + sid + `</message>`, `<message/>`, "lacks <stanza-id"},
		18: {`<message id="{id}" from="{id}"/>`, `<message id="1" from="1"/>`, ""},
		19: {`<message id="{known}"/>`, `<message id="other"/>`, `not "captured"`},
		20: {`<message id="x-{new}-y"/>`, `<message id="x-1-y"/>`, ""},
		21: {`<message type="error"><error type="cancel"><a/></error></message>`, `<message type="error"><body>x</body><error type="cancel"><a/><text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas">t</text></error></message>`, ""},
		22: {`<message type="error"><error type="auth"/></message>`, `<message type="error"><error type="cancel"/></message>`, "lacks <error"},
		23: {`<message><a id="1"/><a id="{x}"/></message>`, `<message><a id="2"/><a id="1"/></message>`, ""},
		24: {`<message id="{!known}"/>`, `<message id="other"/>`, ""},
		25: {`<message id="{!known}"/>`, `<message id="captured"/>`, `has id="captured"`},
		26: {`<message id="{!unknown}"/>`, `<message id="other"/>`, `has id="other"`},
		27: {`<message/>`, voice + oid + `</message>`, ""},
		28: {`<message/>`, voice + oid + oid + `</message>`, "has a <occupant-id"},
		29: {`<message>` + oid + `</message>`, voice + oid + oid + `</message>`, "has a <occupant-id"},
		30: {`<message/>`, `<message from="a@b/c">` + oid + `</message>`, "has a <occupant-id"},
		31: {`<m/>`, `<m by="room@conference.b/A">` + oid + `</m>`, ""},
		32: {`<message>` + oid + `</message>`, voice + `</message>`, "lacks <occupant-id"},
		33: {`<message/>`, `<message>` + sid + sid + `</message>`, "has a <stanza-id"},
		34: {`<message/>`, `<message>` + strings.Replace(sid, `"1"`, `"forged"`, 1) + `</message>`, "has a <stanza-id"},
	} {
		why, err := xmpptest.Match(map[string]string{"known": "captured"}, c.pattern, c.got)
		if err != nil {
			t.Fatal(i, err)
		}
		if (why == "") != (c.why == "") || !strings.Contains(why, c.why) {
			t.Errorf("%d: %q, not %q", i, why, c.why)
		}
	}
}

// TestMatchCaptures proves that a name is captured by a match alone.
func TestMatchCaptures(t *testing.T) {
	captured := map[string]string{}
	if why, _ := xmpptest.Match(captured, `<message id="{id}"><body>x</body></message>`, `<message id="1"><body>y</body></message>`); why == "" || len(captured) != 0 {
		t.Error("captured without a match", captured)
	}
	if why, _ := xmpptest.Match(captured, `<message id="{id}"/>`, `<message id="1"/>`); why != "" || captured["id"] != "1" {
		t.Error("not captured", why, captured)
	}
}
