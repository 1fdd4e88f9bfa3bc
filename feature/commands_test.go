package feature_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"salon.im/salon/feature"
	"salon.im/salon/wire"
)

const (
	nsAdmin      = "http://jabber.org/protocol/admin"
	nodeSessions = "https://salon.im/commands#sessions"
)

// users notes what administrators do.
type users struct{ did []string }

// AddUser implements feature.Users.
func (u *users) AddUser(_ context.Context, a wire.Addr, password string) error {
	u.did = append(u.did, "add "+a.String()+" "+password)
	if a.Local() == "taken" {
		return errors.New("it exists")
	}
	return nil
}

// SetPassword implements feature.Users.
func (u *users) SetPassword(_ context.Context, a wire.Addr, password string) error {
	u.did = append(u.did, "passwd "+a.String()+" "+password)
	return nil
}

// DeleteUser implements feature.Users.
func (u *users) DeleteUser(_ context.Context, a wire.Addr) error {
	u.did = append(u.did, "delete "+a.String())
	return nil
}

// commanding has anna as an administrator, and a clock.
func commanding(t *testing.T) (w *world, u *users, now *time.Time) {
	w = newWorld(t)
	w.cfg.Admins = []string{"anna@example.test"}
	clock := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	now, u = &clock, &users{}
	c := feature.AdHoc(w.r, w.disco, func() time.Time { return clock })
	feature.Admin(w.r, c, u, w.config, slog.New(slog.DiscardHandler))
	feature.MySessions(w.r, c)
	return
}

// do sends an action of a command, with a form if there are fields given as var=value.
func (p *person) do(to, node, id, action string, fields ...string) string {
	p.w.t.Helper()
	var form strings.Builder
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		form.WriteString(`<field var='` + name + `'>`)
		for v := range strings.SplitSeq(value, "|") {
			form.WriteString(`<value>` + v + `</value>`)
		}
		form.WriteString(`</field>`)
	}
	x := ""
	if len(fields) > 0 {
		x = `<x xmlns='jabber:x:data' type='submit'>` + form.String() + `</x>`
	}
	attr := ""
	if id != "" {
		attr += ` sessionid='` + id + `'`
	}
	if action != "" {
		attr += ` action='` + action + `'`
	}
	return p.ask("set", to, `<command xmlns='http://jabber.org/protocol/commands' node='`+node+`'`+attr+`>`+x+`</command>`)
}

// begin begins a command with a form and returns its session id.
func (p *person) begin(to, node string) string {
	p.w.t.Helper()
	got := p.do(to, node, "", "execute")
	m := regexp.MustCompile(`sessionid="([^"]+)"`).FindStringSubmatch(got)
	if m == nil || !contains(got, `status="executing"`, `<x xmlns="jabber:x:data" type="form">`) {
		p.w.t.Fatalf("no form: %s", got)
	}
	return m[1]
}

// XEP-0050 §2.2, §2.3: commands are listed and described to those who may run them.
func TestCommandsDisco(t *testing.T) {
	w, _, _ := commanding(t)
	anna, ben := w.online("anna@example.test/a"), w.online("ben@example.test/b")
	const list = `<query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/>`
	info := `<query xmlns='http://jabber.org/protocol/disco#info' node='` + nsAdmin + `#add-user'/>`
	w.want(anna.ask("get", host, list), `<item jid="example.test" node="`+nsAdmin+`#add-user" name="Add a user"/>`)
	w.want(ben.ask("get", host, list), `node="http://jabber.org/protocol/commands"/>`)
	w.want(anna.ask("get", host, info), `category="automation" type="command-node"`, `<feature var="jabber:x:data"/>`)
	w.want(ben.ask("get", host, info), `type="error"`, "forbidden")
	w.want(ben.ask("get", "", list), `<item jid="ben@example.test" node="`+nodeSessions+`"`)
}

// XEP-0133 §4: what the commands do, and to whom.
func TestAdminCommands(t *testing.T) {
	tests := []struct {
		node   string
		fields []string
		want   []string
		did    string
	}{
		0: {"add-user", []string{"accountjid=dora@example.test", "password=x", "password-verify=x"}, []string{`status="completed"`, `type="info"`}, "add dora@example.test x"},
		1: {"add-user", []string{"accountjid=taken@example.test", "password=x", "password-verify=x"}, []string{`status="completed"`, `<note type="error">taken@example.test: it exists`}, "add taken@example.test x"},
		2: {"add-user", []string{"accountjid=dora@example.test", "password=x", "password-verify=y"}, []string{"bad-request", "bad-payload"}, ""},
		3: {"add-user", []string{"accountjid=dora@elsewhere.test", "password=x", "password-verify=x"}, []string{"bad-payload"}, ""},
		4: {"change-user-password", []string{"accountjid=ben@example.test", "password=x"}, []string{`status="completed"`}, "passwd ben@example.test x"},
		5: {"delete-user", []string{"accountjids=ben@example.test|carl@example.test"}, []string{`status="completed"`, "2 deleted"}, "delete ben@example.test;delete carl@example.test"},
		6: {"delete-user", []string{"accountjids=example.test"}, []string{"bad-payload"}, ""},
	}
	for i, tt := range tests {
		w, u, _ := commanding(t)
		anna := w.online("anna@example.test/a")
		got := anna.do(host, nsAdmin+"#"+tt.node, anna.begin(host, nsAdmin+"#"+tt.node), "complete", tt.fields...)
		if !contains(got, tt.want...) || strings.Join(u.did, ";") != tt.did {
			t.Errorf("%d: %q, %s", i, u.did, got)
		}
	}
}

// XEP-0133 §4.18: the commands without a form answer at once.
func TestAdminOnline(t *testing.T) {
	w, _, _ := commanding(t)
	anna := w.online("anna@example.test/a")
	w.online("ben@example.test/b")
	w.dial("carl@example.test/c") // logged in, not available
	w.want(anna.do(host, nsAdmin+"#get-online-users-num", "", ""), `status="completed"`, `<value>2</value>`)
	w.want(anna.do(host, nsAdmin+"#get-online-users-list", "", ""), `<value>anna@example.test</value><value>ben@example.test</value></field>`)
}

// XEP-0133 §4.5: a full address ends one session, a bare one all.
func TestAdminEndSession(t *testing.T) {
	w, _, _ := commanding(t)
	anna := w.online("anna@example.test/a")
	b1, b2, c1, c2 := w.dial("ben@example.test/1"), w.dial("ben@example.test/2"), w.dial("carl@example.test/1"), w.dial("carl@example.test/2")
	const node = nsAdmin + "#end-user-session"
	w.want(anna.do(host, node, anna.begin(host, node), "", "accountjids=ben@example.test/1|carl@example.test"), "3 sessions ended")
	var ended []bool
	for _, p := range []*person{b1, b2, c1, c2} {
		ended = append(ended, p.end() != "")
	}
	if !slices.Equal(ended, []bool{true, false, true, true}) {
		t.Errorf("%v", ended)
	}
}

// XEP-0050 §4.4: who is refused, and what.
func TestCommandsRefusals(t *testing.T) {
	const node = nsAdmin + "#add-user"
	w, u, now := commanding(t)
	anna, other, ben := w.online("anna@example.test/a"), w.online("anna@example.test/b"), w.online("ben@example.test/b")
	id := anna.begin(host, node)
	tests := []struct {
		got  string
		want []string
	}{
		0:  {ben.do(host, node, "", ""), []string{"forbidden"}},
		1:  {anna.do(host, "unknown", "", ""), []string{"item-not-found"}},
		2:  {anna.do("", node, "", ""), []string{"item-not-found"}},
		3:  {anna.do(host, node, "", "dance"), []string{"bad-request", "malformed-action"}},
		4:  {anna.do(host, node, "", "complete"), []string{"bad-request", "bad-action"}},
		5:  {anna.do(host, node, "unknown", "complete"), []string{"bad-request", "bad-sessionid"}},
		6:  {other.do(host, node, id, "cancel"), []string{"bad-sessionid"}},
		7:  {anna.do(host, nsAdmin+"#delete-user", id, "cancel"), []string{"bad-sessionid"}},
		8:  {anna.do(host, node, id, "prev"), []string{"bad-action"}},
		9:  {anna.do(host, node, id, "next"), []string{"bad-action"}},
		10: {anna.do(host, node, id, "complete"), []string{"bad-payload"}},
		11: {anna.do(host, node, id, "cancel"), []string{`status="canceled"`}},
		12: {anna.do(host, node, id, "complete"), []string{"not-allowed", "session-expired"}},
	}
	for i, tt := range tests {
		if !contains(tt.got, tt.want...) {
			t.Errorf("%d: %s", i, tt.got)
		}
	}
	id = anna.begin(host, node)
	*now = now.Add(11 * time.Minute)
	w.want(anna.do(host, node, id, "complete", "accountjid=d@example.test"), "session-expired")
	if len(u.did) != 0 {
		t.Errorf("%q", u.did)
	}
}

// A user has a bound of commands under way, which time lifts.
func TestCommandsBound(t *testing.T) {
	const node = nsAdmin + "#add-user"
	w, _, now := commanding(t)
	anna := w.online("anna@example.test/a")
	for range 10 {
		anna.begin(host, node)
	}
	w.want(anna.do(host, node, "", ""), "resource-constraint")
	*now = now.Add(11 * time.Minute)
	anna.begin(host, node)
}

// XEP-0050 §3.3: a command with two stages goes forth and back; here a user ends a session of a lost phone.
func TestMySessions(t *testing.T) {
	w, _, _ := commanding(t)
	ben, phone, tablet := w.online("ben@example.test/desk"), w.online("ben@example.test/phone"), w.dial("ben@example.test/tablet")
	got := ben.do("", nodeSessions, "", "")
	w.want(got, `<actions execute="next"><next/></actions>`, `<value>phone</value>`, `<option label="tablet (not available)">`)
	if strings.Contains(got, "<value>desk</value>") {
		t.Error("one's own session is offered")
	}
	id := regexp.MustCompile(`sessionid="([^"]+)"`).FindStringSubmatch(got)[1]
	w.want(ben.do("", nodeSessions, id, "next", "sessions=phone"), `<actions execute="complete"><prev/><complete/></actions>`, `<value>phone</value>`)
	w.want(ben.do("", nodeSessions, id, "prev"), `<next/>`)
	ben.do("", nodeSessions, id, "next", "sessions=phone")
	w.want(ben.do("", nodeSessions, id, "execute", "x=y"), `status="completed"`, "1 sessions ended")
	if fmt.Sprint(phone.end() != "", tablet.end() != "") != "true false" {
		t.Error("the wrong session ended")
	}
}

// end returns the stream error that ended the session, "" for none.
func (p *person) end() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}
