package main_test

import (
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"salon.im/salon/storage/sqlite"
	"salon.im/salon/wire"
)

func TestPersonCommands(t *testing.T) {
	withAndWithout(t, func(t *testing.T, data string) {
		out := filepath.Join(t.TempDir(), "alice.xml")
		taken := file(t, t.TempDir(), "taken.xml", "mine")
		for _, c := range []struct {
			name, args  string
			code        int
			out, failed string
		}{
			{"nobody to export", "user export alice@a.test", 1, "", "there is no user alice@a.test"},
			{"add", "user add alice@a.test", 0, "added", ""},
			{"export", "user export alice@a.test", 0, `<user name="alice">`, ""},
			{"export to a file", "user export alice@a.test --out " + out, 0, "", ""},
			{"export to a file that exists", "user export alice@a.test --out " + taken, 1, "", "taken.xml exists: choose another file"},
			{"export of nobody to a file", "user export bob@a.test --out " + out + ".bob", 1, "", "there is no user bob@a.test"},
			{"export of no address", "user export alice", 1, "", "is not a user's address"},
			{"erase without a word", "user erase alice@a.test", 2, "", "this cannot be undone: say --yes"},
			{"erase in a third way", "user erase alice@a.test --messages burn", 2, "", "--messages is pseudonym or tombstone"},
			{"erase", "user erase alice@a.test --yes", 0, "alice@a.test deleted\n0 messages in 0 rooms", ""},
			{"erase again", "user erase alice@a.test --yes --json", 1, "", `{"kind":"missing"`},
			{"held", "archive held held@a.test", 0, "", ""},
			{"held of no address", "archive held a.test", 1, "", "is not a user's address"},
			{"add one under hold", "user add held@a.test", 0, "added", ""},
			{"erase under hold", "user erase held@a.test --yes", 1, "", "held@a.test is under legal hold and stays as it is: take it, or its domain, out of archive.hold"},
			{"delete under hold", "user delete held@a.test --json", 1, "", `{"kind":"held"`},
			{"reindex", "storage reindex", 0, "0 messages looked at", ""},
			{"reindex, JSON", "storage reindex --json", 0, `{"rows":0}`, ""},
		} {
			t.Run(c.name, func(t *testing.T) {
				salon(t, "secret\n", append(strings.Fields(c.args), "--data", data)...).want(t, c.code, c.out, c.failed)
			})
		}
		info, err := os.Stat(out)
		if err != nil || info.Mode().Perm() != 0o600 { // XEP-0227 §6
			t.Fatalf("the export: %v, %v", info, err)
		}
		f, err := os.Open(out)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		d := xml.NewDecoder(f)
		for _, err = d.Token(); err == nil; _, err = d.Token() {
		}
		if err != io.EOF {
			t.Errorf("the export is no XML: %v", err)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(out), ".*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		if _, err := os.Stat(out + ".bob"); err == nil {
			t.Error("a file of nobody")
		}
	})
}

// An erasure reaches the rooms that the person owned and that were destroyed, though there is nothing else of the person.
func TestEraseReachesDestroyedRooms(t *testing.T) {
	withAndWithout(t, func(t *testing.T, data string) {
		salon(t, "", "room", "create", "hall", "--owner", "zoe@b.test", "--data", data).want(t, 0, "created", "")
		salon(t, "", "room", "destroy", "hall", "--data", data).want(t, 0, "destroyed", "")
		salon(t, "", "user", "erase", "zoe@b.test", "--yes", "--data", data).want(t, 1, "", "there is no user zoe@b.test")
		store, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(data, "salon.db")})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		tombs, err := store.Document(t.Context(), wire.MustAddr("conference.a.test"), "tombs", "")
		if err != nil || !strings.Contains(string(tombs), "hall@") || strings.Contains(string(tombs), "zoe") {
			t.Errorf("remembered is %s, %v", tombs, err)
		}
	})
}

func TestExpireCommand(t *testing.T) {
	data := dataDir(t)
	salon(t, "", "archive", "expire", "--data", data).want(t, 1, "", "no server is running")
	serve(t, "--data", data)
	salon(t, "", "archive", "expire", "--data", data).want(t, 0, "0 messages deleted, 0 partitions dropped", "")
	salon(t, "", "archive", "expire", "--json", "--data", data).want(t, 0, `"rows":0`, "")
}

// The rooms forget an account that is deleted, whether a server runs or not: its address is nowhere in their settings.
func TestRoomsForgetWhoIsDeleted(t *testing.T) {
	withAndWithout(t, func(t *testing.T, data string) {
		for _, how := range []string{"user delete %s@a.test", "user erase %s@a.test --yes"} {
			run := func(c, out string) {
				t.Helper()
				salon(t, "secret\n", append(strings.Fields(c), "--data", data)...).want(t, 0, out, "")
			}
			run("user add bob@a.test", "added")
			run("user add alice@a.test", "added")
			run("room create team@conference.a.test --owner bob@a.test", "created")
			run("room config team@conference.a.test contact=alice@a.test,bob@a.test", "changed")
			run("room show team@conference.a.test", "alice@a.test")
			run(strings.ReplaceAll(how, "%s", "alice"), "deleted")
			if got := salon(t, "", "room", "show", "team@conference.a.test", "--data", data); strings.Contains(got.out, "alice") || !strings.Contains(got.out, "bob@a.test") {
				t.Errorf("%s: %s", how, got.out)
			}
			run("room destroy team@conference.a.test", "destroyed")
			run("user delete bob@a.test", "deleted")
		}
	})
}
