package main_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/storage/sqlite"
	"salon.im/salon/wire"
)

// Without a server an export has the ids that the next server says (XEP-0313 §3). One that has none to say makes no secret.
func TestExportHasTheServersIDs(t *testing.T) {
	data := dataDir(t)
	secret := filepath.Join(data, "secret.key")
	export := []string{"user", "export", "alice@a.test", "--data", data}
	salon(t, "secret\n", "user", "add", "alice@a.test", "--data", data).want(t, 0, "added", "")
	salon(t, "", export...).want(t, 0, `<user name="alice">`, "")
	if _, err := os.Stat(secret); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a secret was made: %v", err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(data, "salon.db")})
	if err != nil {
		t.Fatal(err)
	}
	alice, bob := wire.MustAddr("alice@a.test"), wire.MustAddr("bob@a.test")
	st := wire.New(wire.KindMessage, "chat", "m", bob, alice, wire.NewWriter().Elem("", "body", "hello").Payload())
	rows := []storage.Row{{ID: archive.TimeID(time.Now()), Owner: alice, Peer: bob, Kind: storage.RowChat, Undelivered: true, Stanza: st.AppendStandalone(nil)}}
	if _, err := store.Append(t.Context(), storage.Batch{Rows: rows}); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	before := salon(t, "", export...)
	before.want(t, 0, `<result xmlns="urn:xmpp:mam:2" id="`, "")
	p := serve(t, "--data", data)
	if during := salon(t, "", export...); during.out != before.out || strings.Count(before.out, " id=\"") != 4 {
		t.Errorf("without a server: %s\nwith it: %s", before.out, during.out)
	}
	if code := p.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("the server ends with %d", code)
	}
}
