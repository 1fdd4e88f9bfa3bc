package control_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"salon.im/salon/archive"
	"salon.im/salon/auth"
	"salon.im/salon/certs"
	"salon.im/salon/control"
	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/wire"
)

var (
	alice = wire.MustAddr("alice@a.test")
	quiet = slog.New(slog.DiscardHandler)
)

// house is a store with the rules over it, and what they reported.
type house struct {
	*control.Users
	*control.Services
	store   storage.Store
	changed []string
}

func newHouse(t *testing.T) *house {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "s.db"), Synchronous: sqlite.Off})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	h := &house{store: store}
	h.Users = control.NewUsers(control.UsersOptions{
		Accounts: store,
		Persons:  store,
		Services: func() []string { return []string{"rooms.a.test"} },
		Held:     func(addr wire.Addr) bool { return addr.Local() == "held" },
		Erased: func(_ context.Context, addr wire.Addr, _ *archive.Pseudonyms) error {
			h.changed = append(h.changed, "erased "+addr.String())
			return nil
		},
		OccupantKey: func() ([]byte, error) { return occupantKey, nil },
		IDs:         func() (archive.IDs, error) { return archive.NewIDs(idKey) },
		Hosts:       func() []string { return []string{"a.test", "b.test"} },
		Keys:        func() ([]auth.Hash, int) { return []auth.Hash{auth.SHA256, auth.SHA1}, auth.MinIterations },
		Changed:     func(addr wire.Addr, gone bool) { h.changed = append(h.changed, fmt.Sprint(addr, gone)) },
		Workers:     2,
	})
	h.Services = services(t, store, false)
	return h
}

// server is a house with the two answers that a running server adds.
type server struct{ *house }

func (server) Reload(context.Context) (control.ReloadReport, error) {
	return control.ReloadReport{Applied: []string{"log.level"}, Restart: []string{"data"}, Problems: []string{"p"}}, nil
}

func (server) Status(context.Context) (control.Status, error) {
	return control.Status{Version: "v1", Sessions: 3, Hosts: []string{"a.test"}}, nil
}

func (server) Expire(context.Context) (archive.KeeperReport, error) {
	return archive.KeeperReport{Owners: 7, Rows: 5}, nil
}

func (server) Reindex(context.Context) (int, error) { return 42, nil }

func (server) ListCertificates(context.Context) ([]certs.Status, error) {
	return []certs.Status{{Name: "a.test", Origin: certs.OriginFile}}, nil
}

func (server) RenewCertificate(_ context.Context, name string) error {
	if name != "a.test" {
		return &control.Error{Kind: control.Missing, Text: "no " + name}
	}
	return nil
}

func (server) CheckCertificates(context.Context) ([]certs.Finding, error) {
	return []certs.Finding{{Check: "clock", Verdict: certs.VerdictOK, Text: "t"}}, nil
}

// online serves a house on a socket and returns the client half.
func online(t *testing.T, h *house) control.Admin {
	t.Helper()
	// A directory whose path does not fit into a socket's address.
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	end := serve(t, dir, server{h})
	client, err := control.NewClient(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		end()
		if _, err := control.NewClient(context.Background(), dir); !errors.Is(err, control.ErrNoServer) {
			t.Errorf("after the end: %v", err)
		}
	})
	return client
}

// serve answers on the directory's socket until end is called.
func serve(t *testing.T, dir string, a control.Admin) (end func()) {
	t.Helper()
	l, err := control.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- control.Serve(ctx, l, a, quiet) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// bothWays runs a test on the store and through the socket.
func bothWays(t *testing.T, test func(t *testing.T, h *house, a control.Admin)) {
	t.Run("offline", func(t *testing.T) {
		h := newHouse(t)
		test(t, h, control.Offline{Users: h.Users, Services: services(t, h.store, true)})
	})
	t.Run("online", func(t *testing.T) {
		h := newHouse(t)
		test(t, h, online(t, h))
	})
}

func wantKind(t *testing.T, what string, err error, kind control.Kind, text string) {
	t.Helper()
	var e *control.Error
	if !errors.As(err, &e) || e.Kind != kind || !strings.Contains(e.Text, text) {
		t.Errorf("%s: %v, want %s %q", what, err, kind, text)
	}
}

func TestUserLife(t *testing.T) {
	bothWays(t, func(t *testing.T, h *house, a control.Admin) {
		ctx := t.Context()
		if err := a.AddUser(ctx, alice, "one"); err != nil {
			t.Fatal(err)
		}
		wantPassword(t, h, alice, "one")
		err := a.AddUser(ctx, alice, "two")
		wantKind(t, "add again", err, control.Exists, "user passwd")
		if !errors.Is(err, storage.ErrConflict) {
			t.Error("not a conflict:", err)
		}
		wantPassword(t, h, alice, "one")
		if err := a.SetPassword(ctx, alice, "three"); err != nil {
			t.Fatal(err)
		}
		wantPassword(t, h, alice, "three")
		if err := a.DeleteUser(ctx, alice); err != nil {
			t.Fatal(err)
		}
		wantKind(t, "delete again", a.DeleteUser(ctx, alice), control.Missing, "no user alice@a.test")
		err = a.SetPassword(ctx, alice, "four")
		wantKind(t, "passwd of nobody", err, control.Missing, "no user")
		if !errors.Is(err, storage.ErrNotFound) {
			t.Error("not a missing record:", err)
		}
		if want := []string{"alice@a.test false", "alice@a.test true"}; !slices.Equal(h.changed, want) {
			t.Errorf("changed %v, want %v", h.changed, want)
		}
	})
}

func wantPassword(t *testing.T, h *house, addr wire.Addr, password string) {
	t.Helper()
	account, err := h.store.Account(t.Context(), addr)
	if err != nil || len(account.Keys) != 2 {
		t.Fatalf("%d keys, %v", len(account.Keys), err)
	}
	for _, k := range account.Keys {
		keys := auth.Keys{Hash: auth.Hash(k.Hash), Iterations: k.Iterations, Salt: k.Salt, StoredKey: k.StoredKey, ServerKey: k.ServerKey}
		if !auth.Verify(keys, password) {
			t.Errorf("%s: the password is not %q", k.Hash, password)
		}
	}
}

func TestRefusals(t *testing.T) {
	bothWays(t, func(t *testing.T, h *house, a control.Admin) {
		for _, c := range []struct{ jid, password, want string }{
			{"alice@c.test", "x", "c.test is not served here: the hosts are a.test, b.test"},
			{"alice@conference.a.test", "x", "not served"},
			{"alice@a.test", "", "password is empty"},
			{"alice@a.test", strings.Repeat("x", auth.MaxPasswordBytes+1), "longer than 1024"},
			{"alice@a.test", "bell\a", "forbidden"},
		} {
			addr := wire.MustAddr(c.jid)
			wantKind(t, "add "+c.jid, a.AddUser(t.Context(), addr, c.password), control.Invalid, c.want)
			wantKind(t, "passwd "+c.jid, a.SetPassword(t.Context(), addr, c.password), control.Invalid, c.want)
		}
		for _, addr := range []wire.Addr{wire.MustAddr("a.test"), wire.MustAddr("alice@a.test/phone")} {
			wantKind(t, "add", a.AddUser(t.Context(), addr, "x"), control.Invalid, "not a user's address")
			wantKind(t, "delete", a.DeleteUser(t.Context(), addr), control.Invalid, "not a user's address")
		}
		for _, limit := range []int{0, -1, control.MaxList + 1} {
			_, err := a.ListUsers(t.Context(), "", wire.Addr{}, limit)
			wantKind(t, "list", err, control.Invalid, "limit")
		}
	})
}

func TestParseUser(t *testing.T) {
	for in, want := range map[string]string{
		"alice@a.test": "alice@a.test", "Alice@A.TEST": "alice@a.test", "ALICE@bücher.test.": "alice@bücher.test",
		"": "", "alice": "", "a.test": "", "@a.test": "", "alice@": "", "alice@a.test/phone": "", "al ice@a.test": "", "a@b@c": "",
	} {
		addr, err := control.ParseUser(in)
		if want == "" {
			wantKind(t, in, err, control.Invalid, fmt.Sprintf("%q is not a", in))
		} else if err != nil || addr.String() != want {
			t.Errorf("%q: %v %v", in, addr, err)
		}
	}
}

func TestHashes(t *testing.T) {
	for _, c := range []struct {
		mechanisms []string
		want       []auth.Hash
	}{
		{auth.DefaultMechanisms(), []auth.Hash{auth.SHA512, auth.SHA256, auth.SHA1}},
		{[]string{"SCRAM-SHA-1-PLUS", "PLAIN"}, []auth.Hash{auth.SHA1}},
		{[]string{"SCRAM-SHA-1", "SCRAM-SHA-256"}, []auth.Hash{auth.SHA256, auth.SHA1}},
		{[]string{"PLAIN"}, []auth.Hash{auth.SHA256}},
		{nil, []auth.Hash{auth.SHA256}},
	} {
		if got := control.Hashes(c.mechanisms); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.mechanisms, got, c.want)
		}
	}
}

// The list counts the messages that wait for each user (XEP-0160).
func TestListCountsWaiting(t *testing.T) {
	bothWays(t, func(t *testing.T, h *house, a control.Admin) {
		alice, bob := wire.MustAddr("alice@a.test"), wire.MustAddr("bob@b.test")
		var b storage.Batch
		for i := range int64(3) {
			b.Rows = append(b.Rows, storage.Row{ID: 1<<50 + i, Owner: bob, Peer: alice, Kind: storage.RowChat, Undelivered: i > 0, Stanza: []byte("<message/>")})
		}
		for _, addr := range []wire.Addr{alice, bob} {
			if err := a.AddUser(t.Context(), addr, "x"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.store.Append(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		users, err := a.ListUsers(t.Context(), "", wire.Addr{}, 10)
		if err != nil || len(users) != 2 || users[0].Waiting != 0 || users[1].Waiting != 2 {
			t.Errorf("%+v, %v", users, err)
		}
	})
}

func TestList(t *testing.T) {
	bothWays(t, func(t *testing.T, h *house, a control.Admin) {
		for _, jid := range []string{"carol@a.test", "alice@a.test", "bob@b.test"} {
			if err := a.AddUser(t.Context(), wire.MustAddr(jid), "x"); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			host, after string
			limit       int
			want        string
		}{
			{"", "", 10, "alice@a.test bob@b.test carol@a.test"},
			{"", "", 2, "alice@a.test bob@b.test"},
			{"", "alice@a.test", 10, "bob@b.test carol@a.test"},
			{"a.test", "", 10, "alice@a.test carol@a.test"},
			{"a.test", "alice@a.test", 1, "carol@a.test"},
			{"a.test", "zoe@a.test", control.MaxList, ""},
		} {
			var after wire.Addr
			if c.after != "" {
				after = wire.MustAddr(c.after)
			}
			users, err := a.ListUsers(t.Context(), c.host, after, c.limit)
			var jids []string
			for _, u := range users {
				jids = append(jids, u.JID)
				if u.Created.IsZero() || !u.LastSeen.IsZero() {
					t.Errorf("%+v", u)
				}
			}
			if got := strings.Join(jids, " "); err != nil || got != c.want {
				t.Errorf("%+v: %q %v", c, got, err)
			}
		}
		_, err := a.ListUsers(t.Context(), "c.test", wire.Addr{}, control.MaxList)
		wantKind(t, "another host", err, control.Invalid, "c.test is no host here")
	})
}

func TestReloadAndStatus(t *testing.T) {
	h := newHouse(t)
	offline := control.Offline{Users: h.Users}
	_, err := offline.Reload(t.Context())
	wantKind(t, "reload", err, control.NotRunning, "no server is running")
	_, err = offline.Status(t.Context())
	wantKind(t, "status", err, control.NotRunning, "serve")
	a := online(t, h)
	report, err := a.Reload(t.Context())
	if err != nil || fmt.Sprint(report) != "{[log.level] [data] [p]}" {
		t.Error(report, err)
	}
	status, err := a.Status(t.Context())
	if err != nil || status.Version != "v1" || status.Sessions != 3 {
		t.Error(status, err)
	}
}

func TestStoreErrorsAreInternal(t *testing.T) {
	h := newHouse(t)
	a := online(t, h)
	if err := h.store.Close(); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "add", a.AddUser(t.Context(), alice, "x"), control.Internal, "closed")
	_, err := a.ListUsers(t.Context(), "", wire.Addr{}, 1)
	wantKind(t, "list", err, control.Internal, "closed")
	report, err := a.ImportUsers(t.Context(), strings.NewReader(line("alice@a.test", "x")))
	wantKind(t, "import", err, control.Internal, "closed")
	if report.Added != 0 {
		t.Error(report)
	}
}

func TestImportReaderFails(t *testing.T) {
	h := newHouse(t)
	r := io.MultiReader(strings.NewReader(line("alice@a.test", "x")), iotest.ErrReader(errors.New("torn")))
	report, err := h.ImportUsers(t.Context(), r)
	if err == nil || report.Added != 1 {
		t.Error(report, err)
	}
}
