package feature_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"salon.im/salon/feature"
	"salon.im/salon/wire"
)

// query reads a disco#info query's content.
func query(t *testing.T, content string) wire.Kid {
	t.Helper()
	st, err := wire.Parse([]byte(`<iq type="result" id="1"><query xmlns="http://jabber.org/protocol/disco#info">` + content + `</query></iq>`))
	if err != nil {
		t.Fatal(err)
	}
	k, _ := st.Kid("http://jabber.org/protocol/disco#info", "query")
	return k
}

const exodus = `<identity category='client' name='Exodus 0.9.1' type='pc'/><feature var='http://jabber.org/protocol/caps'/>` +
	`<feature var='http://jabber.org/protocol/disco#items'/><feature var='http://jabber.org/protocol/disco#info'/><feature var='http://jabber.org/protocol/muc'/>`

const psi = `<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/><identity xml:lang='el' category='client' name='Ψ 0.11' type='pc'/>` +
	`<feature var='http://jabber.org/protocol/caps'/><feature var='http://jabber.org/protocol/disco#info'/><feature var='http://jabber.org/protocol/disco#items'/>` +
	`<feature var='http://jabber.org/protocol/muc'/><x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>` +
	`<field var='ip_version' type='text-multi'><value>ipv6</value><value>ipv4</value></field><field var='os'><value>Mac</value></field><field var='os_version'><value>10.5.1</value></field>` +
	`<field var='software'><value>Psi</value></field><field var='software_version'><value>0.11</value></field></x>`

// XEP-0115 §5.2, §5.3: the examples; §5.4: what is ignored and what is ill-formed.
func TestCapsVer(t *testing.T) {
	const untyped = `<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE'><value>x</value></field></x>`
	tests := []struct {
		content, ver string
		ill          bool
	}{
		0: {exodus, "QgayPKawpkPSDYmwT/WM94uAlu0=", false},
		1: {psi, "q07IKJEyjvHSyhy//CH0CxmKi8w=", false},
		2: {exodus + untyped, "QgayPKawpkPSDYmwT/WM94uAlu0=", false},
		3: {exodus + `<feature var='http://jabber.org/protocol/muc'/>`, "", true},
		4: {exodus + `<identity category='client' name='Exodus 0.9.1' type='pc'/>`, "", true},
		5: {psi + psi[strings.Index(psi, "<x "):], "", true},
	}
	for i, tt := range tests {
		ver, err := feature.Ver(query(t, tt.content), "sha-1")
		if (err != nil) != tt.ill || !tt.ill && ver != tt.ver {
			t.Errorf("%d: %q, %v", i, ver, err)
		}
	}
}

// XEP-0115 §6.3: the stream features name what disco#info answers, by itself and for the node.
func TestCapsStream(t *testing.T) {
	w := newWorld(t)
	w.cfg.Contact.Abuse = []string{"mailto:abuse@example.test", "xmpp:abuse@example.test"}
	c := string(feature.Caps(w.r, w.disco).Stream(host))
	ver := regexp.MustCompile(`ver="([^"]*)"`).FindStringSubmatch(c)[1]
	node := regexp.MustCompile(`node="([^"]*)"`).FindStringSubmatch(c)[1]
	anna := w.online("anna@example.test/a")
	for _, n := range []string{"", ` node='` + node + "#" + ver + `'`} {
		got := anna.ask("get", host, `<query xmlns='http://jabber.org/protocol/disco#info'`+n+`/>`)
		st, err := wire.Parse([]byte(got))
		if err != nil {
			t.Fatal(err)
		}
		k, _ := st.Kid("http://jabber.org/protocol/disco#info", "query")
		if v, err := feature.Ver(k, "sha-1"); err != nil || v != ver {
			t.Errorf("node %q: %q is announced, %q answered: %v", n, ver, v, err)
		}
	}
}

// enter makes a session available with caps, and returns the id of what it is asked, "" for nothing.
func (p *person) enter(ver string) string {
	p.w.t.Helper()
	p.say(`<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='http://exodus.test' ver='` + ver + `'/></presence>`)
	for _, s := range p.sync() {
		if contains(s, `type="get"`, `node="http://exodus.test#`+ver+`"`) {
			return regexp.MustCompile(`id="([^"]*)"`).FindStringSubmatch(s)[1]
		}
	}
	return ""
}

// answer answers a disco#info request of the server's.
func (p *person) answer(id, content string) {
	p.w.t.Helper()
	p.say(`<iq type='result' id='` + id + `' to='` + host + `'><query xmlns='http://jabber.org/protocol/disco#info'>` + content + `</query></iq>`)
	p.sync()
}

// XEP-0115 §5.4: one session is asked for a verification string; what it proves holds for all.
func TestCapsLearn(t *testing.T) {
	const ver, muc = "QgayPKawpkPSDYmwT/WM94uAlu0=", "http://jabber.org/protocol/muc"
	w := newWorld(t)
	c := feature.Caps(w.r, w.disco)
	anna, ben := w.dial("anna@example.test/a"), w.dial("ben@example.test/b")
	id := anna.enter(ver)
	if id == "" {
		t.Fatal("nobody is asked")
	}
	if ben.enter(ver) != "" {
		t.Error("two are asked at a time")
	}
	ben.answer(id, exodus)
	if c.Supports(w.ctx, ben.addr, muc) {
		t.Error("someone else's answer counts")
	}
	anna.answer(id, exodus)
	for _, p := range []*person{anna, ben} {
		if !c.Supports(w.ctx, p.addr, muc) || c.Supports(w.ctx, p.addr, "other") {
			t.Errorf("%s: not known", p.addr)
		}
	}
}

// XEP-0115 §5.4 step 3: an answer that does not fit is not kept for others, and the one who gave it is not asked again.
func TestCapsPoison(t *testing.T) {
	const ver, muc = "QgayPKawpkPSDYmwT/WM94uAlu0=", "http://jabber.org/protocol/muc"
	w := newWorld(t)
	c := feature.Caps(w.r, w.disco)
	anna, ben := w.dial("anna@example.test/a"), w.dial("ben@example.test/b")
	anna.answer(anna.enter(ver), exodus+`<feature var='evil'/>`)
	if c.Supports(w.ctx, anna.addr, muc) || len(anna.sync()) != 0 {
		t.Error("believed, or asked again")
	}
	ben.answer(ben.enter(ver), exodus)
	if !c.Supports(w.ctx, ben.addr, muc) || c.Supports(w.ctx, ben.addr, "evil") {
		t.Error("the right answer is not believed")
	}
}

// The verification strings remembered are bounded.
func TestCapsBound(t *testing.T) {
	w := newWorld(t)
	c := feature.Caps(w.r, w.disco)
	anna := w.online("anna@example.test/a")
	for i := range feature.MaxCaps + 10 {
		p := fmt.Sprint("v", i)
		anna.say(`<presence type='unavailable'/>`)
		anna.answer(anna.enter(p), exodus)
	}
	if n := c.Known(); n != feature.MaxCaps {
		t.Errorf("%d are remembered", n)
	}
}
