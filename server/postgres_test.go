package server_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"salon.im/salon/archive"
	"salon.im/salon/config"
	"salon.im/salon/internal/pgtest"
	"salon.im/salon/internal/xmpptest"
	"salon.im/salon/storage/postgres"
	"salon.im/salon/wire"
)

// onPostgres starts a server on a PostgreSQL of its own.
func onPostgres(t *testing.T, edit ...func(*config.Config)) (*xmpptest.Server, *pgtest.Server) {
	t.Helper()
	pg := pgtest.StartServer(t)
	edit = append(edit, func(c *config.Config) {
		c.Listen.HTTP = "127.0.0.1:0"
		c.Storage.URL = config.StorageURL(pg.URL)
	})
	return xmpptest.Start(t, edit...), pg
}

// PostgreSQL itself is killed and started again, is stopped in order, and hangs, under a server that runs.
func TestPostgresAway(t *testing.T) {
	park := func(c *config.Config) { c.Rooms.ParkAfter = 1 }
	t.Run("killed", func(t *testing.T) {
		t.Parallel()
		s, pg := onPostgres(t, park)
		testAway(t, s, outage{pg.Kill, pg.Restart})
	})
	t.Run("stopped", func(t *testing.T) {
		t.Parallel()
		s, pg := onPostgres(t, park)
		testAway(t, s, outage{pg.Stop, pg.Restart})
	})
	t.Run("hangs", func(t *testing.T) {
		t.Parallel()
		s, pg := onPostgres(t, park)
		testAway(t, s, outage{pg.Hang, pg.Release})
	})
}

// What was acknowledged while PostgreSQL was killed again and again is stored, once, and in order.
func TestPostgresKilled(t *testing.T) {
	const kills, gap = 3, 50 // messages between two events
	s, pg := onPostgres(t, func(c *config.Config) {
		c.Rooms.StanzasPerSecond, c.Rooms.StanzasBurst = 10000, 10000
		c.Limits.StanzasPerSecond, c.Limits.StanzasBurst = 10000, 10000
	})
	alice := enter(s, "alice@"+xmpptest.Host, lobby)
	stored := map[string]bool{} // by id: reflected by the room
	n := 0
	say := func(wait bool) {
		n++
		id := fmt.Sprint("m", n)
		message(alice, lobby, id)
		for wait {
			if st := until(alice, isMessage); !isError(st) {
				stored[st.ID()] = true
				wait = st.ID() != id
			} else {
				wait = st.ID() != id
			}
		}
	}
	for range kills {
		for range gap {
			say(true)
		}
		for range gap {
			say(false) // on their way as the server dies
		}
		pg.Kill()
		say(true)
		pg.Restart()
		for say(true); !stored[fmt.Sprint("m", n)]; say(true) { // readiness may not have noticed, and PostgreSQL may end a connection as it comes up
			turns(t, s, http.StatusOK)
		}
	}
	if len(stored) < kills*gap {
		t.Errorf("%d of %d were stored", len(stored), n)
	}
	s.Stop()
	store, err := postgres.Open(t.Context(), postgres.Options{URL: pg.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	seen, last := map[string]bool{}, 0
	for before := int64(0); ; {
		page, err := archive.Before(t.Context(), store, wire.MustAddr(lobby), before, archive.MaxPage)
		if err != nil {
			t.Fatal(err)
		}
		for i := len(page.Items) - 1; i >= 0; i-- {
			var number int
			id := page.Items[i].Stanza.ID()
			if _, err := fmt.Sscanf(id, "m%d", &number); err != nil || seen[id] || last != 0 && number >= last {
				t.Fatalf("%s behind m%d: %v", id, last, err)
			}
			seen[id], last = true, number
		}
		if before = page.First; !page.Full {
			break
		}
	}
	for id := range stored {
		if !seen[id] {
			t.Errorf("%s was reflected and is not stored", id)
		}
	}
}

// A database that was dumped and restored with PostgreSQL's own tools, and the secret that belongs to it, give the same history.
func TestPostgresDump(t *testing.T) {
	url, restored := pgtest.URL(t), pgtest.URL(t)
	on := func(url string, secret []byte) *xmpptest.Server {
		return xmpptest.Start(t, func(c *config.Config) {
			c.Storage.URL = config.StorageURL(url)
			if secret != nil {
				if err := os.WriteFile(c.SecretKeyPath(), secret, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	s := on(url, nil)
	alice, bob := enter(s, "alice@"+xmpptest.Host, lobby), s.Online("bob@"+xmpptest.Host)
	for i := range 60 {
		message(alice, recipients[i%2], fmt.Sprint("m", i))
	}
	for range 30 {
		until(bob, isMessage)
	}
	alice.Barrier()
	want := bothArchives(s, "alice@"+xmpptest.Host)
	if len(want) != 60 {
		t.Errorf("a history of %d messages", len(want))
	}
	dump := filepath.Join(t.TempDir(), "salon.dump")
	pgTool(t, "pg_dump", "--format=custom", "--file="+dump, url) // beside the running server
	secret, err := os.ReadFile(s.Cfg.SecretKeyPath())
	if err != nil {
		t.Fatal(err)
	}
	s.Stop()
	pgTool(t, "pg_restore", "--no-owner", "--exit-on-error", "--dbname="+restored, dump)

	again := on(restored, secret)
	again.Known(wire.MustAddr("alice@" + xmpptest.Host))
	if got := bothArchives(again, "alice@"+xmpptest.Host); !slices.Equal(got, want) {
		t.Errorf("%d messages before, %d after", len(want), len(got))
	}
}

// bothArchives asks for the archives of a user and of the lobby (XEP-0313), and returns what is forwarded, in order.
func bothArchives(s *xmpptest.Server, user string) (all []string) {
	s.T.Helper()
	c := enter(s, user, lobby)
	c.Barrier()
	for _, to := range []string{"", ` to="` + lobby + `"`} {
		c.Send(`<iq type="set" id="mam"` + to + `><query xmlns="urn:xmpp:mam:2"><set xmlns="http://jabber.org/protocol/rsm"><max>100</max></set></query></iq>`)
		until(c, func(st wire.Stanza) bool {
			if r, ok := st.Kid("urn:xmpp:mam:2", "result"); ok {
				all = append(all, r.Attr("id")+" "+string(r.Payload()))
			}
			return st.ID() == "mam"
		})
	}
	return all
}

// pgTool runs one of PostgreSQL's programs.
func pgTool(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(pgtest.Tool(t, name), args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
}
