package main_test

import (
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"salon.im/salon/internal/xmpptest"
	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/wire"
)

// crashSettings let a test talk fast, and read as much history as there is when it joins.
const crashSettings = `hosts: [{name: a.test}]
listen: {c2s: ["127.0.0.1:0"], c2s_direct: ["127.0.0.1:0"], http: ""}
auth: {iterations: 4096, mechanisms: [SCRAM-SHA-256]}
limits: {stanzas_per_second: 100000, stanzas_burst: 100000, bytes_per_second: 64MiB, bytes_burst: 64MiB}
rooms: {history_max: 250, stanzas_per_second: 100000, stanzas_burst: 100000}
`

const (
	crashRounds   = 4
	crashMessages = 60 // acknowledged to each talker before the server is killed
	crashWindow   = 40 // sent and not acknowledged
)

// TestCrash kills the server while people talk, again and again. After each restart the room's history must hold every
// message that was acknowledged (by XEP-0198's <a/> or the room's reflection) exactly once and in order; what was not is
// sent again, as clients do, with its old origin-id.
func TestCrash(t *testing.T) {
	data := dataDir(t)
	file(t, data, "salon.yaml", crashSettings)
	talkers := []*talker{{name: "alice"}, {name: "bob"}, {name: "carol"}}
	for _, k := range talkers {
		salon(t, "secret", "user", "add", k.name+"@a.test", "--data", data).want(t, 0, "added", "")
	}
	fastest := time.Hour
	for range crashRounds {
		began := time.Now()
		p := serve(t, "--data", data)
		for i, k := range talkers {
			k.join(t, p)
			if i == 0 {
				fastest = min(fastest, time.Since(began))
			}
		}
		talk(talkers, func() { p.end(t, syscall.SIGKILL) })
	}
	if fastest > 2*time.Second {
		t.Errorf("the fastest restart up to a joined room took %v", fastest)
	}
	p := serve(t, "--data", data)
	for _, k := range talkers {
		k.join(t, p)
	}
	if code := p.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit %d\n%s", code, p.log)
	}
	kept := lobbyArchive(t, data)
	for _, k := range talkers {
		if kept[k.name] < k.acked || kept[k.name] > k.sent {
			t.Errorf("%s: %d archived, %d acknowledged, %d sent", k.name, kept[k.name], k.acked, k.sent)
		}
	}
}

// lobbyArchive reads the whole archive of the lobby, and returns the number of each sender's last message. A message that
// is there twice, not at all, or out of order fails the test.
func lobbyArchive(t *testing.T, data string) map[string]int {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(data, "salon.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	last := map[string]int{}
	for q := (storage.Query{Owner: wire.MustAddr("lobby@conference.a.test"), Limit: 1000}); ; {
		rows, err := store.Page(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			st, err := wire.Parse(r.Stanza)
			if err != nil {
				t.Fatal(err)
			}
			from, n, _ := numbered(st)
			if n != last[from]+1 {
				t.Errorf("the archive has message %d of %s behind %d", n, from, last[from])
			}
			last[from], q.After = n, r.ID
		}
		if len(rows) < q.Limit {
			return last
		}
	}
}

// talk lets everybody talk, and kills the server once each has had enough acknowledged.
func talk(talkers []*talker, kill func()) {
	var enough, ended sync.WaitGroup
	enough.Add(len(talkers))
	for _, k := range talkers {
		ended.Go(func() { k.talk(sync.OnceFunc(enough.Done)) })
	}
	enough.Wait()
	kill()
	ended.Wait()
}

// talker is a client that numbers its messages.
type talker struct {
	name        string
	c           *xmpptest.Client
	sent, acked int // numbers of the last messages
	before      int // the last one acknowledged before this connection: <a/> counts from there
}

var starttls = regexp.MustCompile(`(127\.0\.0\.1:\d+) \(STARTTLS\)`)

// join logs in, enters the lobby and holds its history against what was acknowledged to everybody so far.
func (k *talker) join(t *testing.T, p *process) {
	t.Helper()
	k.c = xmpptest.Outside(t, starttls.FindStringSubmatch(p.greeting)[1], k.name+"@a.test", "secret")
	k.c.Send(`<enable xmlns="urn:xmpp:sm:3"/>`)
	k.c.Send(`<presence to="lobby@conference.a.test/` + k.name + `"><x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="250"/></x></presence>`)
	last := map[string]int{}
	for st := k.c.Recv(); !st.Has("", "subject"); st = k.c.Recv() {
		if from, n, ok := numbered(st); ok {
			if last[from] != 0 && n != last[from]+1 { // the history begins somewhere, and has no gap from there
				t.Fatalf("%s sees message %d of %s behind %d", k.name, n, from, last[from])
			}
			last[from] = n
		}
	}
	if n := last[k.name]; n < k.acked || n > k.sent {
		t.Fatalf("of %s's messages, %d are there, %d were acknowledged and %d sent", k.name, n, k.acked, k.sent)
	}
	k.before = k.acked
}

// numbered returns a message's sender and number.
func numbered(st wire.Stanza) (from string, n int, ok bool) {
	body, ok := st.Kid("", "body")
	if !ok {
		return "", 0, false
	}
	n, err := strconv.Atoi(body.Text())
	return st.From().Resource(), n, err == nil
}

// talk sends until the connection ends: first again what was not acknowledged, then more.
func (k *talker) talk(enough func()) {
	defer enough() // a broken test must not hang
	next := k.acked + 1
	for {
		var out strings.Builder
		for ; next <= k.acked+crashWindow; next++ {
			fmt.Fprintf(&out, `<message type="groupchat" to="lobby@conference.a.test" id="m%[1]d"><body>%[1]d</body>`+
				`<origin-id xmlns="urn:xmpp:sid:0" id="%[2]s-%[1]d"/></message>`, next, k.name)
			if next%10 == 0 {
				out.WriteString(`<r xmlns="urn:xmpp:sm:3"/>`)
			}
		}
		k.sent = max(k.sent, next-1)
		if _, err := io.WriteString(k.c.Conn(), out.String()); err != nil {
			return
		}
		st, err := k.c.Next()
		if err != nil || st.Type() == "error" {
			return
		}
		k.note(st)
		if k.acked >= k.before+crashMessages {
			enough()
		}
	}
}

// note takes an acknowledgement of either kind.
func (k *talker) note(st wire.Stanza) {
	if st.Name().Local == "a" {
		h, _ := strconv.Atoi(st.Attr("h"))
		k.acked = max(k.acked, k.before+h-1) // the join was the first stanza
	}
	if from, n, ok := numbered(st); ok && from == k.name {
		k.acked = max(k.acked, n)
	}
}
