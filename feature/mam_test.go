package feature_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"salon.im/salon/feature"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const mamNS = `xmlns='urn:xmpp:mam:2'`

// archives gives the world queries, preferences and carbons.
func archives(t *testing.T) (*world, *feature.Preferences) {
	t.Helper()
	w := newWorld(t)
	p := feature.ArchivePreferences(w.r, w.store, feature.Roster(w.r, w.store, w.config))
	feature.MAM(w.r, w.disco, feature.MAMOptions{Store: w.store, IDs: ids, Search: func(h string) bool { return w.cfg.Archive.Search }})
	feature.Carbons(w.r)
	return w, p
}

// query asks for the own archive and returns all that comes up to the answer.
func (p *person) query(inside string) []string {
	p.w.t.Helper()
	id := wire.NewID()
	p.say(`<iq type='set' id='` + id + `'><query ` + mamNS + `>` + inside + `</query></iq>`)
	return p.until(func(st wire.Stanza) bool { return st.ID() == id })
}

// prefer sets preferences.
func (p *person) prefer(def string, inside string) string {
	p.w.t.Helper()
	return p.ask("set", "", `<prefs `+mamNS+` default='`+def+`'>`+inside+`</prefs>`)
}

// XEP-0441 §2.3: which entry is meant, and what decides.
func TestPreferencesMatch(t *testing.T) {
	w, p := archives(t)
	anna := w.dial("anna@example.test/a")
	w.lets("anna@example.test", "ben@example.test") // so that he is in the roster
	for i, c := range []struct {
		def, lists, target string
		want               bool
	}{
		{"always", ``, "carl@example.test/x", true},
		{"never", ``, "carl@example.test/x", false},
		{"roster", ``, "carl@example.test/x", false},
		{"roster", ``, "ben@example.test/x", true},
		{"roster", `<never><jid>ben@example.test</jid></never>`, "ben@example.test/x", false},
		{"never", `<always><jid>ben@example.test</jid></always>`, "ben@example.test/x", true},
		{"never", `<always><jid>ben@example.test/x</jid></always>`, "ben@example.test/x", true},
		{"never", `<always><jid>ben@example.test/x</jid></always>`, "ben@example.test/y", false},
		{"never", `<always><jid>ben@example.test/x</jid></always>`, "ben@example.test", false},
		{"always", `<never><jid>ben@example.test</jid></never><always><jid>ben@example.test/x</jid></always>`, "ben@example.test/x", true},
		{"always", `<never><jid>ben@example.test</jid></never><always><jid>ben@example.test/x</jid></always>`, "ben@example.test/y", false},
		{"always", `<never><jid>example.test</jid></never>`, "ben@example.test/y", true},
	} {
		w.want(anna.prefer(c.def, c.lists), `type="result"`, c.def)
		for range 2 { // from the store, and from memory
			got, err := p.Keeps(w.ctx, wire.MustAddr("anna@example.test"), wire.MustAddr(c.target))
			if got != c.want || err != nil {
				t.Errorf("%d: %v, %v", i, got, err)
			}
			p.Forget(wire.MustAddr("anna@example.test"))
		}
	}
	if keep, err := p.Keeps(w.ctx, wire.MustAddr("ben@example.test"), wire.MustAddr("anna@example.test")); !keep || err != nil {
		t.Errorf("without preferences: %v, %v", keep, err)
	}
}

func TestPreferencesAreBounded(t *testing.T) {
	w, _ := archives(t)
	anna := w.dial("anna@example.test/a")
	list := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `<jid>u%d@example.test</jid>`, i)
		}
		return `<never>` + b.String() + `</never>`
	}
	w.want(anna.prefer("always", list(200)), `type="result"`)
	w.want(anna.prefer("always", list(201)), `resource-constraint`)
	w.want(anna.ask("get", "", `<prefs `+mamNS+`/>`), `u199@`) // the old ones stay
}

// Each side's preferences are its own: the row that the recipient does not want is gone once it was delivered.
func TestPassingMessageLeavesNothing(t *testing.T) {
	w, _ := archives(t)
	anna, ben := w.online("anna@example.test/a"), w.online("ben@example.test/b")
	ben.prefer("never", "")
	anna.say(chat("ben@example.test", "hello"))
	anna.sync()
	got := strings.Join(ben.sync(), "")
	w.want(got, `<body>hello</body>`)
	if strings.Contains(got, "stanza-id") {
		t.Errorf("an id of an archive that lacks the message: %s", got)
	}
	if n := w.waiting("ben@example.test"); n != 1 {
		t.Fatalf("%d wait", n)
	}
	ben.ack()
	if n := w.waiting("ben@example.test"); n != 0 || len(w.rows("ben@example.test")) != 0 {
		t.Errorf("%d wait after the acknowledgement", n)
	}
	if rows, err := w.store.Undelivered(w.ctx, wire.MustAddr("ben@example.test"), 0, 9); len(rows) > 0 || err != nil {
		t.Error(rows, err)
	}
	if rows := w.rows("anna@example.test"); len(rows) != 1 || rows[0].Kind != storage.RowChat {
		t.Errorf("the sender's archive: %v", rows)
	}
}

// XEP-0313 §3.5: a carbon has the stanza-id that the archive gives, of its own account and no other.
func TestCarbonsHaveTheArchivesIDs(t *testing.T) {
	for _, want := range []bool{true, false} {
		w, _ := archives(t)
		anna, desk := w.online("anna@example.test/a"), w.online("anna@example.test/desk")
		ben := w.online("ben@example.test/b")
		desk.ask("set", "", `<enable xmlns='urn:xmpp:carbons:2'/>`)
		if !want {
			anna.prefer("never", "")
		}
		anna.say(chat("ben@example.test/b", "hello"))
		anna.sync()
		copied := strings.Join(desk.sync(), "")
		w.want(copied, `<sent`, `<body>hello</body>`)
		if strings.Contains(copied, `by="ben@example.test"`) {
			t.Errorf("the sender sees the recipient's id: %s", copied)
		}
		archived := strings.Join(anna.query(""), "")
		if strings.Contains(copied, `by="anna@example.test"`) != want || strings.Contains(archived, "hello") != want {
			t.Errorf("want %v: %s, %s", want, copied, archived)
		}
		if rows := w.rows("anna@example.test"); want && !strings.Contains(copied, ids.Text(rows[0].ID)) {
			t.Errorf("%s in %s", ids.Text(rows[0].ID), copied)
		}
		w.want(strings.Join(ben.sync(), ""), `by="ben@example.test"`)
	}
}

// The answer never overtakes its messages, though live ones are held back behind those that wait for delivery.
func TestQueryPassesByHeldMessages(t *testing.T) {
	w, _ := archives(t)
	anna, ben := w.online("anna@example.test/a"), w.online("ben@example.test/b")
	ben.say(chat("anna@example.test/a", "one"))
	ben.sync()
	anna.sync()
	anna.res.Hold()
	ben.say(chat("anna@example.test/a", "two"))
	ben.sync()
	got := anna.query("")
	if len(got) != 3 || !contains(got[0], "<result", "one") || !contains(got[1], "<result", "two") || !contains(got[2], "<fin") {
		t.Errorf("%q", got)
	}
	anna.res.Release(0)
	w.want(strings.Join(anna.sync(), ""), "two")
}

// XEP-0431 §2.1: search is offered where the host has it, and finds what was indexed.
func TestSearch(t *testing.T) {
	w, _ := archives(t)
	anna := w.online("anna@example.test/a")
	search := `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field>` +
		`<field var='{urn:xmpp:fulltext:0}fulltext'><value>%s</value></field></x>`
	w.want(anna.query(fmt.Sprintf(search, "tea"))[0], `feature-not-implemented`)
	if got := anna.ask("get", "anna@example.test", `<query xmlns='http://jabber.org/protocol/disco#info'/>`); strings.Contains(got, "fulltext") {
		t.Error(got)
	}
	w.cfg.Archive.Search = true
	w.want(anna.ask("get", "anna@example.test", `<query xmlns='http://jabber.org/protocol/disco#info'/>`), `var="urn:xmpp:fulltext:0"`)
	w.want(anna.ask("get", "", `<query `+mamNS+`/>`), `{urn:xmpp:fulltext:0}fulltext`)
	var texts []storage.Text
	for _, body := range []string{"Tea at five", "coffee", "more TEA, and coffee"} {
		anna.say(chat("ben@example.test", body))
		anna.sync()
	}
	rows := w.rows("anna@example.test")
	for i, row := range rows {
		texts = append(texts, storage.Text{Owner: row.Owner, ID: row.ID, Text: []string{"Tea at five", "coffee", "more TEA, and coffee"}[i]})
	}
	if err := w.store.Index(w.ctx, texts, rows[2].ID+1); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]int{"tea": {0, 2}, "Coffee! Tea?": {2}, "te": {}, "?!": {}, "": {0, 1, 2}} {
		got := anna.query(fmt.Sprintf(search, text))
		var found []int
		for _, s := range got[:len(got)-1] {
			found = append(found, slices.IndexFunc(rows, func(r storage.Row) bool { return strings.Contains(s, ids.Text(r.ID)) }))
		}
		if !slices.Equal(found, want) && len(found)+len(want) > 0 {
			t.Errorf("%q: %v, want %v", text, found, want)
		}
	}
}
