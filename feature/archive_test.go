package feature_test

import (
	"fmt"
	"strings"
	"testing"

	"salon.im/salon/wire"
)

// XEP-0359 §3.1: the recipient has the message with the id of its own archive.
func TestArchiveStanzaID(t *testing.T) {
	w := newWorld(t)
	anna, ben := w.online("anna@example.test/a"), w.online("ben@example.test/b")
	anna.say(chat("ben@example.test", "hello"))
	anna.sync()
	got := ben.sync()
	rows := w.rows("ben@example.test")
	if len(rows) != 1 || len(w.rows("anna@example.test")) != 1 {
		t.Fatalf("%d rows", len(rows))
	}
	w.want(strings.Join(got, ""), `<body>hello</body><stanza-id xmlns="urn:xmpp:sid:0" by="ben@example.test" id="`+ids.Text(rows[0].ID)+`"/>`)
	if rows[0].Outgoing || !rows[0].Undelivered || rows[0].Peer != wire.MustAddr("anna@example.test") {
		t.Errorf("the row: %+v", rows[0])
	}
}

// XEP-0359 §3.2, §5: what a client sends has no stanza-id, and no delay of ours.
func TestArchiveCutsForgeries(t *testing.T) {
	tests := []struct {
		child string
		stays bool
	}{
		0:  {`<stanza-id xmlns='urn:xmpp:sid:0' by='ben@example.test' id='1'/>`, false},
		1:  {`<stanza-id xmlns='urn:xmpp:sid:0' by='BEN@example.test' id='1'/>`, false},
		2:  {`<stanza-id xmlns='urn:xmpp:sid:0' by='anna@example.test' id='1'/>`, false},
		3:  {`<stanza-id xmlns='urn:xmpp:sid:0' by='example.test' id='1'/>`, false},
		4:  {`<stanza-id xmlns='urn:xmpp:sid:0' by='not @ address' id='1'/>`, false},
		5:  {`<stanza-id xmlns='urn:xmpp:sid:0' by='room@muc.elsewhere.test' id='1'/>`, false},
		6:  {`<delay xmlns='urn:xmpp:delay' from='example.test' stamp='2020-01-01T00:00:00Z'/>`, false},
		7:  {`<delay xmlns='urn:xmpp:delay' from='elsewhere.test' stamp='2020-01-01T00:00:00Z'/>`, true},
		8:  {`<delay xmlns='urn:xmpp:delay' from='anna@example.test/a' stamp='2020-01-01T00:00:00Z'/>`, true},
		9:  {`<origin-id xmlns='urn:xmpp:sid:0' id='o1'/>`, true},
		10: {`<delay xmlns='urn:xmpp:delay' from='ben@example.test' stamp='2020-01-01T00:00:00Z'/>`, false},
		11: {`<delay xmlns='urn:xmpp:delay' from='carl@example.test/x' stamp='2020-01-01T00:00:00Z'/>`, false},
	}
	for i, tt := range tests {
		w := newWorld(t)
		anna, ben := w.online("anna@example.test/a"), w.online("ben@example.test/b")
		anna.say(`<message to='ben@example.test'><body>x</body>` + tt.child + tt.child + `</message>`)
		anna.sync()
		got := strings.Join(ben.sync(), "")
		name := tt.child[1:strings.IndexByte(tt.child, ' ')]
		mark := map[bool]string{true: `stamp=`, false: `id='1'`}[name == "delay"]
		if name == "origin-id" {
			mark = `id='o1'`
		}
		if strings.Contains(got, mark) != tt.stays || !strings.Contains(got, "<body>x</body>") {
			t.Errorf("%d: %s", i, got)
		}
	}
}

// XEP-0359 §5: on what another server sends, a stanza-id in our name is forged, and those of others stay.
func TestArchiveKeepsStanzaIDsOfOthers(t *testing.T) {
	w := newWorld(t)
	f := w.r.NewFlow(w.ctx, nil, nil)
	f.Accept(parse(t, `<message to='ben@example.test'><body>x</body><stanza-id xmlns='urn:xmpp:sid:0' by='BEN@example.test' id='forged'/>`+
		`<stanza-id xmlns='urn:xmpp:sid:0' by='dora@elsewhere.test' id='theirs'/></message>`).WithFrom(wire.MustAddr("dora@elsewhere.test/x")))
	if err := f.Quiesce(w.ctx); err != nil {
		t.Fatal(err)
	}
	rows := w.rows("ben@example.test")
	if got := string(rows[0].Stanza); strings.Contains(got, "forged") || !strings.Contains(got, "theirs") {
		t.Error(got)
	}
}

// A resend with the same origin-id is kept and delivered once; the same id to another person is another message.
func TestArchiveResend(t *testing.T) {
	w := newWorld(t)
	anna, ben, carl := w.online("anna@example.test/a"), w.online("ben@example.test/b"), w.online("carl@example.test/c")
	for _, to := range []string{"ben@example.test", "ben@example.test", "carl@example.test"} {
		anna.say(`<message type='chat' to='` + to + `'><body>x</body><origin-id xmlns='urn:xmpp:sid:0' id='o1'/></message>`)
	}
	anna.sync()
	if b, c := len(ben.sync()), len(carl.sync()); b != 1 || c != 1 {
		t.Errorf("delivered %d times to ben and %d times to carl", b, c)
	}
	if n := len(w.rows("anna@example.test")); n != 2 {
		t.Errorf("%d rows of the sender", n)
	}
}

// A message to oneself is one row, and every session has it once.
func TestArchiveToOneself(t *testing.T) {
	w := newWorld(t)
	desk, phone := w.online("anna@example.test/desk"), w.online("anna@example.test/phone")
	desk.say(chat("anna@example.test", "note"))
	if n := len(desk.sync()); n != 1 {
		t.Errorf("the sender has it %d times", n)
	}
	if n := len(phone.sync()); n != 1 {
		t.Errorf("the other session has it %d times", n)
	}
	if rows := w.rows("anna@example.test"); len(rows) != 1 {
		t.Errorf("%d rows", len(rows))
	}
}

// RFC 6121 §8.5.1: what goes to nobody is not kept.
func TestArchiveUnknownAccount(t *testing.T) {
	w := newWorld(t)
	anna := w.online("anna@example.test/a")
	anna.say(chat("nobody@example.test", "x"))
	w.want(strings.Join(anna.sync(), ""), `type="error"`, "service-unavailable")
	if n := len(w.rows("anna@example.test")); n != 0 {
		t.Errorf("%d rows", n)
	}
}

// XEP-0160 §2 step 3: beyond the bound the sender is told, and neither archive has the message.
func TestArchiveOfflineBound(t *testing.T) {
	w := newWorld(t)
	w.cfg.Limits.OfflineStanzas = 2
	anna := w.online("anna@example.test/a")
	for i := range 3 {
		anna.say(chat("ben@example.test", fmt.Sprint(i)))
		w.want(strings.Join(append(anna.sync(), "|"), ""), map[bool]string{true: "service-unavailable", false: "|"}[i == 2])
	}
	if n, m := w.waiting("ben@example.test"), len(w.rows("anna@example.test")); n != 2 || m != 2 {
		t.Errorf("%d wait, the sender has %d", n, m)
	}
}

// XEP-0334 §4.2: a message that is not to be stored is in no archive, and still delivered.
func TestArchiveNoStore(t *testing.T) {
	w := newWorld(t)
	anna, ben := w.online("anna@example.test/a"), w.online("ben@example.test/b")
	anna.say(`<message type='chat' to='ben@example.test'><body>x</body><no-store xmlns='urn:xmpp:hints'/></message>`)
	anna.sync()
	if got := ben.sync(); !has(got, "<body>x</body>") || has(got, "stanza-id") {
		t.Errorf("%q", got)
	}
	if n := len(w.rows("ben@example.test")); n != 0 {
		t.Errorf("%d rows", n)
	}
}
