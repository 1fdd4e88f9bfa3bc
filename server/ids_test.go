package server_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"salon.im/salon/archive"
	"salon.im/salon/config"
	"salon.im/salon/internal/xmpptest"
	"salon.im/salon/server"
	"salon.im/salon/wire"
)

// idsOf returns what writes a server's ids.
func idsOf(t testing.TB, s *xmpptest.Server) archive.IDs {
	t.Helper()
	ids, err := server.ArchiveIDs(s.Cfg)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// What works on the store without a server writes ids as the server does, also where no server has been yet.
func TestArchiveIDs(t *testing.T) {
	cfg := config.Default()
	cfg.Data = t.TempDir()
	ids, err := server.ArchiveIDs(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s, store := faulty(t, func(c *config.Config) { c.Data = cfg.Data })
	alice, bob := s.Online("alice@"+xmpptest.Host), s.Online("bob@"+xmpptest.Host)
	message(alice, bob.Addr.Bare().String(), "m1")
	k, _ := until(bob, isMessage).Kid("urn:xmpp:sid:0", "stanza-id")
	id, err := ids.Parse(k.Attr("id"))
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := store.Rows(t.Context(), bob.Addr.Bare(), []int64{id}); err != nil || len(rows) != 1 {
		t.Errorf("%d rows have the id: %v", len(rows), err)
	}
	if err := os.WriteFile(cfg.SecretKeyPath(), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := server.ArchiveIDs(cfg); err == nil {
		t.Error("a damaged secret is taken")
	}
}

// Without its secret a server says the old ids are unknown, and who asks from the beginning gets everything, under new ones.
func TestSecretLost(t *testing.T) {
	s := xmpptest.Start(t)
	alice, bob := s.Online("alice@"+xmpptest.Host+"/a"), s.Online("bob@"+xmpptest.Host+"/b")
	for i := range 3 {
		message(alice, bob.Addr.Bare().String(), fmt.Sprint("m", i))
		until(bob, isMessage)
	}
	old, _ := queried(bob, "")
	if rest, _ := queried(bob, old[0]); len(old) != 3 || !slices.Equal(rest, old[1:]) {
		t.Fatalf("ids %q, behind the first %q", old, rest)
	}
	s.Stop()
	if err := os.Remove(s.Cfg.SecretKeyPath()); err != nil {
		t.Fatal(err)
	}
	s.Restart()
	bob = s.Online("bob@" + xmpptest.Host + "/b")
	if got, answer := queried(bob, old[0]); len(got) != 0 || !isError(answer) || !strings.Contains(string(answer.Append(nil)), "<item-not-found") {
		t.Errorf("an old id: %q, %s", got, answer.Append(nil))
	}
	got, _ := queried(bob, "")
	if len(got) != 3 || slices.ContainsFunc(got, func(id string) bool { return slices.Contains(old, id) }) {
		t.Errorf("from the beginning: %q, before %q", got, old)
	}
}

// queried asks for the own archive behind an id, "" for all of it, and returns the ids of the messages and the answer.
func queried(c *xmpptest.Client, after string) (ids []string, answer wire.Stanza) {
	c.Send(`<iq type="set" id="q"><query xmlns="urn:xmpp:mam:2"><set xmlns="http://jabber.org/protocol/rsm"><after>` + after + `</after></set></query></iq>`)
	answer = until(c, func(st wire.Stanza) bool {
		if r, ok := st.Kid("urn:xmpp:mam:2", "result"); ok {
			ids = append(ids, r.Attr("id"))
		}
		return st.Kind() == wire.KindIQ && st.ID() == "q"
	})
	return ids, answer
}
