package main_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// withAndWithout runs a test on a data directory that no server uses, and on one that a server uses.
func withAndWithout(t *testing.T, test func(t *testing.T, data string)) {
	t.Run("without a server", func(t *testing.T) { test(t, dataDir(t)) })
	t.Run("with a server", func(t *testing.T) {
		data := dataDir(t)
		serve(t, "--data", data)
		test(t, data)
	})
}

func TestUserCommands(t *testing.T) {
	withAndWithout(t, func(t *testing.T, data string) {
		secret := file(t, t.TempDir(), "secret", "from a file\n")
		for _, c := range []struct {
			name, stdin, args string
			code              int
			out, failed       string
		}{
			{"nobody", "", "user list", 0, "", ""},
			{"stdin", "one\n", "user add Alice@a.test", 0, "alice@a.test added\n", ""},
			{"stdin without newline", "one", "user add bob@a.test --json", 0, `{"jid":"bob@a.test","result":"added"}`, ""},
			{"file", "", "user add carol@a.test --password-file " + secret, 0, "carol@a.test added", ""},
			{"again", "one", "user add alice@a.test", 1, "", "salon: alice@a.test exists already: a new password is set by `" + binary + " user passwd alice@a.test --data " + data + "`\n"},
			{"again, JSON", "one", "user add alice@a.test --json", 1, "", `{"kind":"exists","error":"alice@a.test exists already`},
			{"other host", "one", "user add alice@b.test", 1, "", "b.test is not served here: the hosts are a.test"},
			{"no address", "one", "user add alice", 1, "", `"alice" is not a user's address`},
			{"no password", "", "user add dave@a.test", 1, "", "the password is empty"},
			{"empty first line", "\nsecret\n", "user add dave@a.test", 1, "", "the password is empty"},
			{"no file", "", "user add dave@a.test --password-file /nowhere", 1, "", "cannot read the password: open /nowhere"},
			{"no file, JSON", "", "user add dave@a.test --json --password-file /nowhere", 1, "", `{"kind":"invalid","error":"cannot read the password`},
			{"nothing to import, JSON", "", "user import /nowhere --json", 1, "", `{"kind":"invalid","error":"cannot import: open /nowhere`},
			{"endless line", strings.Repeat("x", 5000), "user add dave@a.test", 1, "", "longer than 1024"},
			{"passwd", "two\r\n", "user passwd alice@a.test", 0, "alice@a.test changed", ""},
			{"passwd of nobody", "two", "user passwd dave@a.test", 1, "", "there is no user dave@a.test: `" + binary + " user list --data " + data + "` shows who there is"},
			{"list", "", "user list", 0, "never seen\nbob@a.test    made ", ""},
			{"list of a host", "", "user list --host A.test", 0, "carol@a.test", ""},
			{"list of another host", "", "user list --host b.test", 1, "", "b.test is no host here"},
			{"list, JSON", "", "user list --json", 0, `{"jid":"carol@a.test","created":`, ""},
			{"delete", "", "user delete bob@a.test", 0, "bob@a.test deleted", ""},
			{"delete again", "", "user delete bob@a.test --json", 1, "", `{"kind":"missing"`},
		} {
			t.Run(c.name, func(t *testing.T) {
				salon(t, c.stdin, append(strings.Fields(c.args), "--data", data)...).want(t, c.code, c.out, c.failed)
			})
		}
	})
}

func TestUserImport(t *testing.T) {
	withAndWithout(t, func(t *testing.T, data string) {
		var lines strings.Builder
		for i := range 600 { // more than a page of the list and two batches
			fmt.Fprintf(&lines, "{\"jid\": \"user%03d@a.test\", \"password\": \"p%d\"}\n", i, i)
		}
		path := file(t, t.TempDir(), "users", lines.String())
		salon(t, "", "user", "import", path, "--data", data).want(t, 0, "600 added, 0 existed already, 0 failed\n", "")
		r := salon(t, lines.String()+"{}\n", "user", "import", "-", "--data", data)
		r.want(t, 1, "0 added, 600 existed already, 1 failed\n", "salon: 1 lines of - failed: correct them")
		r = salon(t, "{}\n", "user", "import", "-", "--data", data)
		r.want(t, 1, "0 added, 0 existed already, 1 failed\n", "-:1: \"jid\" and \"password\" are both needed\n")
		r = salon(t, "{}\n", "user", "import", "-", "--data", data, "--json")
		var report struct{ Failed int }
		if err := json.Unmarshal([]byte(r.out), &report); err != nil || report.Failed != 1 || r.code != 1 {
			t.Errorf("%+v %v", r, err)
		}
		r.want(t, 1, `"failed":1`, `{"kind":"invalid"`)
		r = salon(t, "", "user", "list", "--data", data)
		if n := strings.Count(r.out, "\n"); n != 600 {
			t.Errorf("%d users in the list", n)
		}
		salon(t, "", "user", "import", "/nowhere", "--data", data).want(t, 1, "", "cannot import: open /nowhere")
	})
}
