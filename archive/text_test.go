package archive_test

import (
	"testing"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
)

func TestText(t *testing.T) {
	for i, test := range []struct{ kids, want string }{
		0:  {`<body>hello</body>`, "hello"},
		1:  {`<body>hello &amp; bye</body><body xml:lang='de'>hallo</body><subject>tea</subject>`, "hello & bye\nhallo\ntea"},
		2:  {`<displayed xmlns='urn:xmpp:chat-markers:0' id='x'/>`, ""},
		3:  {`<body/>`, ""},
		4:  {`<encrypted xmlns='eu.siacs.conversations.axolotl'/><body>You cannot read this</body><subject>tea</subject>`, "tea"},
		5:  {`<encryption xmlns='urn:xmpp:eme:0' namespace='urn:example:new'/><body>You cannot read this</body>`, ""},
		6:  {`<body>:-)</body><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reactions:0'/>`, ""},
		7:  {`<body>gone</body><subject>tea</subject><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'><body/></fallback>`, "tea"},
		8:  {`<body>&gt; a: hi` + "\n" + `yes</body><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='8'/></fallback>`, "> a: hi\nyes"},
		9:  {`<body xmlns='urn:example'>no</body><x xmlns='urn:example'><body xmlns='jabber:client'>no</body></x>`, ""},
		10: {`<subject>tea</subject><body>x</body><fallback xmlns='urn:xmpp:fallback:0' for='a'><subject/></fallback>`, "x"},
	} {
		r := storage.Row{Stanza: []byte(`<message xmlns='jabber:client' from='a@b/c' to='d@e'>` + test.kids + `</message>`)}
		if got := archive.Text(r); got != test.want {
			t.Errorf("%d: got %q, want %q", i, got, test.want)
		}
		if r.Tombstone = true; archive.Text(r) != "" {
			t.Errorf("%d: a tombstone has a text", i)
		}
	}
	for i, bytes := range []string{"", "<message", `<presence xmlns='jabber:client'><body>x</body></presence>`} {
		if got := archive.Text(storage.Row{Stanza: []byte(bytes)}); got != "" {
			t.Errorf("%d: %q", i, got)
		}
	}
}
