package archive_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// ledger is an archive in memory that knows its ids and its correspondents.
type ledger struct {
	fake
	reads int
}

func (s *ledger) Page(ctx context.Context, q storage.Query) ([]storage.Row, error) {
	s.reads++
	limit := q.Limit
	q.Limit = len(s.rows)
	rows, err := s.fake.Page(ctx, q)
	rows = slices.DeleteFunc(slices.Clone(rows), func(r storage.Row) bool {
		return !q.With.IsZero() && r.Peer != q.With && r.Peer.Bare() != q.With
	})
	if n := len(rows) - limit; n > 0 && q.Newest {
		return rows[n:], err
	}
	return rows[:min(limit, len(rows))], err
}

func (s *ledger) Rows(_ context.Context, owner wire.Addr, ids []int64) (rows []storage.Row, err error) {
	for _, r := range s.rows {
		if r.Owner == owner && slices.Contains(ids, r.ID) {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// noon is when the ledger's first message came.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// note is a row of juliet's, with romeo's resource, n minutes after noon.
func note(n int, resource string) storage.Row {
	from := wire.MustAddr(romeo.String() + "/" + resource)
	st := wire.New(wire.KindMessage, "chat", fmt.Sprint(n), from, juliet, wire.NewWriter().Elem("", "body", fmt.Sprint(n)).Payload())
	return storage.Row{ID: archive.TimeID(noon.Add(time.Duration(n) * time.Minute)), Owner: juliet, Peer: romeo,
		Kind: storage.RowChat, Stanza: st.AppendStandalone(nil)}
}

func newLedger(n int) *ledger {
	s := &ledger{}
	for i := range n {
		s.rows = append(s.rows, note(i, "a"))
	}
	return s
}

func request(t testing.TB, content string) *archive.Request {
	t.Helper()
	q, err := parseRequest(t, content)
	if err != nil {
		t.Fatalf("%s: %v", content, err)
	}
	return q
}

func parseRequest(t testing.TB, content string) (*archive.Request, error) {
	t.Helper()
	st, err := wire.Parse([]byte(`<iq type="set" id="q"><query xmlns="urn:xmpp:mam:2" queryid="f">` + content + `</query></iq>`))
	if err != nil {
		t.Fatal(err)
	}
	k, _ := st.Kid(archive.NSMAM, "query")
	return archive.NewReader(nil, ids).ParseRequest(k, archive.Fields{Fulltext: true, Groupchat: true})
}

func set(content string) string {
	return `<set xmlns="http://jabber.org/protocol/rsm">` + content + `</set>`
}

// form has fields given as name=value.
func form(fields ...string) string {
	var b strings.Builder
	b.WriteString(`<x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE"><value>urn:xmpp:mam:2</value></field>`)
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		b.WriteString(`<field var="` + name + `"><value>` + strings.ReplaceAll(value, "|", "</value><value>") + `</value></field>`)
	}
	return b.String() + `</x>`
}

var wide = archive.Bound{Stanzas: 1000, Bytes: 1 << 20}

func numbers(t testing.TB, a archive.Answer) (out []string) {
	t.Helper()
	for _, r := range a.Rows {
		st, err := wire.Parse(r.Stanza)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, st.ID())
	}
	return out
}

// id is the id of the n-th message.
func id(n int) string { return ids.Text(note(n, "a").ID) }

func stamp(n int, more string) string {
	return noon.Add(time.Duration(n)*time.Minute).Format("2006-01-02T15:04:05") + more
}

func TestQuerySelects(t *testing.T) {
	s := newLedger(10)
	s.rows[4] = note(4, "b")
	s.rows[6].Stanza = []byte(strings.Replace(string(s.rows[6].Stanza), ` to="`+juliet.String(), ` to="`+juliet.String()+`/balcony`, 1))
	r := archive.NewReader(s, ids)
	for i, c := range []struct{ query, want string }{
		{``, "0 1 2 3 4 5 6 7 8 9 complete"},
		{set(`<max>3</max>`), "0 1 2"},
		{set(`<max>3</max><before/>`), "7 8 9"},
		{set(`<max>3</max><before/>`) + `<flip-page/>`, "9 8 7"},
		{set(`<max>10</max>`), "0 1 2 3 4 5 6 7 8 9 complete"},
		{set(`<max>3</max><after>` + id(2) + `</after>`), "3 4 5"},
		{set(`<max>3</max><after>`+id(2)+`</after>`) + `<flip-page/>`, "5 4 3"},
		{set(`<max>3</max><after>` + id(6) + `</after>`), "7 8 9 complete"},
		{set(`<after>` + id(9) + `</after>`), "complete"},
		{set(`<after/>`), "0 1 2 3 4 5 6 7 8 9 complete"},
		{set(`<max>3</max><before>` + id(7) + `</before>`), "4 5 6"},
		{set(`<before>` + id(0) + `</before>`), "complete"},
		{set(`<max>3</max><before>` + id(3) + `</before>`), "0 1 2 complete"},
		{set(`<max>2</max><after>` + id(2) + `</after><before>` + id(7) + `</before>`), "5 6"},
		{form("after-id="+id(2), "before-id="+id(7)) + set(`<max>2</max>`), "3 4"},
		{form("after-id="+id(2), "before-id="+id(7)), "3 4 5 6 complete"},
		{form("after-id="+id(7), "before-id="+id(2)), "complete"},
		{form("ids=" + id(7) + "|" + id(2) + "|" + id(7)), "2 7 complete"},
		{form("ids="+id(7)+"|"+id(2)) + set(`<max>1</max>`), "2"},
		{form("ids="+id(7)+"|"+id(2)) + set(`<max>1</max><before/>`), "7"},
		{form("ids="+id(7)+"|"+id(2), "after-id="+id(2)), "7 complete"},
		{form("ids="+id(7), "with=nobody@example.test"), "complete"},
		{form("start=" + stamp(8, "Z")), "8 9 complete"},
		{form("start=" + stamp(8, ".000001Z")), "9 complete"},
		{form("end=" + stamp(1, "Z")), "0 1 complete"},
		{form("end=" + stamp(1, ".0009Z")), "0 1 complete"},
		{form("end=" + stamp(0, "+01:00")), "complete"},
		{form("start="+stamp(3, "Z"), "end="+stamp(5, "Z")), "3 4 5 complete"},
		{form("start="+stamp(5, "Z"), "end="+stamp(3, "Z")), "complete"},
		{form("start=1969-07-20T02:56:15Z"), "0 1 2 3 4 5 6 7 8 9 complete"},
		{form("end=1969-07-20T02:56:15Z"), "complete"},
		{form("end=2969-07-20T02:56:15Z"), "0 1 2 3 4 5 6 7 8 9 complete"},
		{form("with=" + romeo.String()), "0 1 2 3 4 5 6 7 8 9 complete"},
		{form("with=" + romeo.String() + "/b"), "4 complete"},
		{form("with=" + juliet.String()), "complete"},
		{form("with=" + juliet.String() + "/balcony"), "6 complete"},
		{form("include-groupchat=true"), "0 1 2 3 4 5 6 7 8 9 complete"},
		{form("{urn:xmpp:fulltext:0}fulltext="), "0 1 2 3 4 5 6 7 8 9 complete"},
		{set(`<max>0</max>`), ""},
		{form("with="+juliet.String()) + set(`<max>0</max>`), "complete"},
	} {
		a, err := r.Query(t.Context(), juliet, request(t, c.query), wide)
		if err != nil {
			t.Errorf("%d: %s: %v", i, c.query, err)
			continue
		}
		got := numbers(t, a)
		if a.Complete {
			got = append(got, "complete")
		}
		if g := strings.Join(got, " "); g != c.want {
			t.Errorf("%d: %s: %q, want %q", i, c.query, g, c.want)
		}
	}
}

func TestQueryRefuses(t *testing.T) {
	r := archive.NewReader(newLedger(3), ids)
	gone := ids.Text(archive.TimeID(noon.Add(time.Hour)))
	for i, q := range []string{
		set(`<after>` + gone + `</after>`), set(`<before>` + gone + `</before>`), form("after-id=" + gone), form("before-id=" + gone),
		form("ids=" + id(1) + "|" + gone),
	} {
		_, err := r.Query(t.Context(), juliet, request(t, q), wide)
		if condition(err) != stanza.ItemNotFound {
			t.Errorf("%d: %v", i, err)
		}
	}
	if _, err := parseRequest(t, form("ids="+strings.Repeat(id(1)+"|", 200)+id(1))); condition(err) != stanza.BadRequest {
		t.Errorf("201 ids: %v", err)
	}
	if _, err := parseRequest(t, form("ids="+strings.Repeat(id(1)+"|", 199)+id(1))); err != nil {
		t.Errorf("200 ids: %v", err)
	}
}

func condition(err error) stanza.Condition {
	var e stanza.Error
	errors.As(err, &e)
	return e.Condition
}

// Whatever the size of pages and the direction, a walk through an archive brings each message once, in order, and ends.
func TestPagingBringsAll(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		n := rnd.IntN(400)
		s := newLedger(n)
		for i := range s.rows {
			if rnd.IntN(9) == 0 {
				s.rows[i] = note(i, "b")
			}
		}
		filter := []string{"", form("with=" + romeo.String() + "/b")}[rnd.IntN(2)]
		b := archive.Bound{Stanzas: 1 + rnd.IntN(300), Bytes: 100 + rnd.IntN(20_000)}
		back := rnd.IntN(2) == 0
		var want []string
		for i, r := range s.rows {
			if st, _ := wire.Parse(r.Stanza); filter == "" || st.From().Resource() == "b" {
				want = append(want, fmt.Sprint(i))
			}
		}
		if got := walk(t, s, filter, b, back, 1+rnd.IntN(300)); !slices.Equal(got, want) {
			t.Fatalf("of %d, %v, back %v: got %v, want %v", n, b, back, got, want)
		}
	}
}

func walk(t *testing.T, s *ledger, filter string, b archive.Bound, back bool, max int) (got []string) {
	t.Helper()
	r := archive.NewReader(s, ids)
	for at, pages := "", 0; pages < 1000; pages++ {
		rsm := set(fmt.Sprintf(`<max>%d</max><after>%s</after>`, max, at))
		if back {
			rsm = set(fmt.Sprintf(`<max>%d</max><before>%s</before>`, max, at))
		}
		a, err := r.Query(t.Context(), juliet, request(t, filter+rsm), b)
		if err != nil {
			t.Fatal(err)
		}
		if back {
			got = append(numbers(t, a), got...)
			at = ids.Text(a.First)
		} else {
			got = append(got, numbers(t, a)...)
			at = ids.Text(a.Last)
		}
		if a.Complete {
			return got
		}
	}
	t.Fatal("the walk does not end")
	return nil
}

// A query that the store cannot select for looks at so many rows and no more; the page says where to go on.
func TestQueryScansBoundedly(t *testing.T) {
	s := newLedger(5000)
	s.rows[4999] = note(4999, "b")
	a, err := archive.NewReader(s, ids).Query(t.Context(), juliet, request(t, form("with="+romeo.String()+"/b")), wide)
	if err != nil || len(a.Rows) != 0 || a.Complete || a.Last == 0 || s.reads*64 > 2*archive.MaxScan {
		t.Fatalf("%d rows, complete %v, last %d, %d reads, %v", len(a.Rows), a.Complete, a.Last, s.reads, err)
	}
	if got := walk(t, s, form("with="+romeo.String()+"/b"), wide, true, 10); !slices.Equal(got, []string{"4999"}) {
		t.Fatal(got)
	}
}

// A page ends early where its receiver has no room for more, and has one message at least.
func TestAnswerIsBounded(t *testing.T) {
	s := newLedger(10)
	size := len(s.rows[0].Stanza)
	for bytes, want := range map[int]int{1: 1, size: 1, 2*size - 1: 1, 2 * size: 2, 100 * size: 10} {
		a, err := archive.NewReader(s, ids).Query(t.Context(), juliet, request(t, ""), archive.Bound{Stanzas: 100, Bytes: bytes})
		if err != nil || len(a.Rows) != want || a.Complete != (want == 10) {
			t.Errorf("%d bytes: %d rows, complete %v, %v", bytes, len(a.Rows), a.Complete, err)
		}
	}
	for bytes, want := range map[int]int{1: 1, 2*size - 1: 1, 2 * size: 2, 100 * size: 10} {
		var every []string
		for i := range 10 {
			every = append(every, id(i))
		}
		for _, rsm := range []string{"", set("<before/>")} {
			a, err := archive.NewReader(s, ids).Query(t.Context(), juliet, request(t, form("ids="+strings.Join(every, "|"))+rsm),
				archive.Bound{Stanzas: 100, Bytes: bytes})
			if err != nil || len(a.Rows) != want || a.Complete != (want == 10) || rsm == "" && a.Rows[0].ID != s.rows[0].ID ||
				rsm != "" && a.Rows[want-1].ID != s.rows[9].ID {
				t.Errorf("%d bytes by ids %s: %d rows, complete %v, %v", bytes, rsm, len(a.Rows), a.Complete, err)
			}
		}
	}
	for _, back := range []bool{true, false} {
		all := form("ids=" + strings.Join([]string{id(0), id(1), id(2), id(3), id(4), id(5), id(6)}, "|"))
		if got := walk(t, s, all, archive.Bound{Stanzas: 100, Bytes: 2 * size}, back, 10); len(got) != 7 {
			t.Errorf("pages by ids, back %v: %v", back, got)
		}
	}
	big := newLedger(300)
	a, err := archive.NewReader(big, ids).Query(t.Context(), juliet, request(t, set("<max>1000</max>")), wide)
	if err != nil || len(a.Rows) != archive.MaxPage || a.Complete {
		t.Errorf("%d rows, %v", len(a.Rows), err)
	}
	a, err = archive.NewReader(big, ids).Query(t.Context(), juliet, request(t, ""), archive.Bound{Stanzas: 7, Bytes: 1 << 20})
	if err != nil || len(a.Rows) != 7 || a.Complete {
		t.Errorf("%d rows, %v", len(a.Rows), err)
	}
}

func TestMessageIsSpliced(t *testing.T) {
	row := note(3, "a")
	row.Stanza = []byte(`<message xmlns="jabber:client" from="r@m.example/o'x" type="chat" xml:lang="it"><body>a &amp; b</body>` +
		`<p:y xmlns:p="urn:p" p:z="1"/></message>`)
	q := request(t, "")
	q.QueryID = `"<&>"`
	to := wire.MustAddr("juliet@capulet.example/b")
	got := string(q.Message(juliet, to, &row, wire.NewWriter().Elem("urn:x", "x", "").Payload()).Append(nil))
	want := `<message from="juliet@capulet.example" to="juliet@capulet.example/b"><result xmlns="urn:xmpp:mam:2" queryid="&quot;&lt;&amp;&gt;&quot;" id="` +
		id(3) + `"><forwarded xmlns="urn:xmpp:forward:0"><delay xmlns="urn:xmpp:delay" stamp="2026-03-01T12:03:00.000Z"/>` +
		strings.TrimSuffix(string(row.Stanza), "</message>") + `<x xmlns="urn:x"/></message></forwarded></result></message>`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, damaged := range []string{"", "<message", "<iq/>", "<message></forwarded>", "\x00"} {
		row.Stanza = []byte(damaged)
		if st := q.Message(juliet, to, &row, nil); !st.IsZero() {
			t.Errorf("%q gave %s", damaged, st.Append(nil))
		}
	}
}

func TestMetadata(t *testing.T) {
	for n, want := range map[int]string{0: `<metadata xmlns="urn:xmpp:mam:2"/>`,
		3: `<metadata xmlns="urn:xmpp:mam:2"><start id="` + id(0) + `" timestamp="2026-03-01T12:00:00.000Z"/><end id="` + id(2) +
			`" timestamp="2026-03-01T12:02:00.000Z"/></metadata>`} {
		got, err := archive.NewReader(newLedger(n), ids).Metadata(t.Context(), juliet)
		if string(got) != want || err != nil {
			t.Errorf("%s, %v", got, err)
		}
	}
}

// The turns of a reader do not outlive who waits for them.
func TestQueryWaitsForItsTurn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := newLedger(1)
	r := archive.NewReader(s, ids)
	release := archive.HoldReads(r)
	if _, err := r.Query(ctx, juliet, request(t, ""), wide); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	release()
	if _, err := r.Query(t.Context(), juliet, request(t, ""), wide); err != nil {
		t.Error(err)
	}
}

// slowly is a ledger whose pages take a second; most is how many were read at the same moment.
type slowly struct {
	*ledger
	mu            sync.Mutex
	reading, most int
}

func (s *slowly) Page(ctx context.Context, q storage.Query) ([]storage.Row, error) {
	s.mu.Lock()
	s.reading++
	s.most = max(s.most, s.reading)
	s.mu.Unlock()
	time.Sleep(time.Second) // the bubble's clock
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reading--
	return s.ledger.Page(ctx, q)
}

// Long searches leave a connection of the store to others: SQLite reads with four.
func TestQueriesLeaveRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowly{ledger: newLedger(1)}
		r := archive.NewReader(s, ids)
		var asking sync.WaitGroup
		for range 20 {
			asking.Go(func() {
				if _, err := r.Query(t.Context(), juliet, request(t, ""), wide); err != nil {
					t.Error(err)
				}
			})
		}
		asking.Wait()
		if s.most != 3 {
			t.Errorf("%d queries at once", s.most)
		}
	})
}
