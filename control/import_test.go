package control_test

import (
	"fmt"
	"strings"
	"testing"

	"salon.im/salon/control"
	"salon.im/salon/wire"
)

func line(jid, password string) string {
	return fmt.Sprintf("{\"jid\": %q, \"password\": %q}\n", jid, password)
}

func TestImport(t *testing.T) {
	for _, c := range []struct {
		name                    string
		in                      string
		added, existing, failed int
		problem                 string // the first one's line and reason
	}{
		{"nothing", "", 0, 0, 0, ""},
		{"empty lines", "\n \n\r\n", 0, 0, 0, ""},
		{"two", line("alice@a.test", "x") + line("bob@b.test", "y"), 2, 0, 0, ""},
		{"no final newline", strings.TrimSpace(line("alice@a.test", "x")), 1, 0, 0, ""},
		{"carriage returns", "{\"jid\":\"alice@a.test\",\"password\":\"x\"}\r\n", 1, 0, 0, ""},
		{"there already", line("old@a.test", "x"), 0, 1, 0, "1 old@a.test exists already"},
		{"twice in one file", line("alice@a.test", "x") + line("Alice@A.test", "y"), 1, 1, 0, "2 Alice@A.test exists already"},
		{"other host", line("alice@c.test", "x") + line("alice@a.test", "x"), 1, 0, 1, "1 alice@c.test c.test is not served here"},
		{"no password", `{"jid": "alice@a.test"}`, 0, 0, 1, `1  "jid" and "password" are both needed`},
		{"empty password", line("alice@a.test", ""), 0, 0, 1, "1 alice@a.test the password is empty"},
		{"unknown field", `{"jid": "alice@a.test", "pasword": "x"}`, 0, 0, 1, `1  not an object {"jid": …, "password": …}: json: unknown field "pasword"`},
		{"no JSON", "alice@a.test:x\n" + line("alice@a.test", "x"), 1, 0, 1, "1  not an object"},
		{"two objects in a line", `{"jid":"a@a.test","password":"x"} {}`, 0, 0, 1, "1  not an object"},
		{"an array", `["alice@a.test","x"]`, 0, 0, 1, "1  not an object"},
		{"null", "null", 0, 0, 1, "1  \"jid\" and"},
		{"no user", line("a.test", "x"), 0, 0, 1, `1 a.test "a.test" is not a user's address`},
	} {
		t.Run(c.name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, h *house, a control.Admin) {
				if err := h.AddUser(t.Context(), wire.MustAddr("old@a.test"), "old"); err != nil {
					t.Fatal(err)
				}
				r, err := a.ImportUsers(t.Context(), strings.NewReader(c.in))
				if err != nil || r.Added != c.added || r.Existing != c.existing || r.Failed != c.failed {
					t.Errorf("%+v %v", r, err)
				}
				if len(r.Problems) != c.existing+c.failed {
					t.Errorf("%d problems", len(r.Problems))
				}
				if c.problem != "" {
					p := r.Problems[0]
					if got := fmt.Sprint(p.Line, " ", p.JID, " ", p.Reason); !strings.HasPrefix(got, c.problem) {
						t.Errorf("problem %q, want %q", got, c.problem)
					}
				}
				wantPassword(t, h, wire.MustAddr("old@a.test"), "old")
			})
		})
	}
}

func TestImportOfManyBatches(t *testing.T) {
	bothWays(t, func(t *testing.T, h *house, a control.Admin) {
		const users = 300 // more than a batch
		var in strings.Builder
		for i := range users {
			in.WriteString(line(fmt.Sprintf("user%d@a.test", i), fmt.Sprintf("secret %d", i)))
		}
		for range control.MaxProblems + 1 {
			in.WriteString("x\n")
		}
		r, err := a.ImportUsers(t.Context(), strings.NewReader(in.String()))
		if err != nil || r.Added != users || r.Failed != control.MaxProblems+1 || len(r.Problems) != control.MaxProblems {
			t.Fatalf("%d added, %d failed, %d problems, %v", r.Added, r.Failed, len(r.Problems), err)
		}
		for _, i := range []int{0, 255, 256, users - 1} {
			wantPassword(t, h, wire.MustAddr(fmt.Sprintf("user%d@a.test", i)), fmt.Sprintf("secret %d", i))
		}
		if r, err = a.ImportUsers(t.Context(), strings.NewReader(in.String())); err != nil || r.Added != 0 || r.Existing != users {
			t.Errorf("again: %d added, %d existing, %v", r.Added, r.Existing, err)
		}
	})
}

func TestImportLineIsBounded(t *testing.T) {
	bothWays(t, func(t *testing.T, h *house, a control.Admin) {
		first := line("alice@a.test", "x")
		fits := first + strings.Repeat(" ", control.MaxImportLine-1) + "\n" + line("bob@a.test", "x")
		r, err := a.ImportUsers(t.Context(), strings.NewReader(fits))
		if err != nil || r.Added != 2 {
			t.Errorf("at the bound: %+v %v", r, err)
		}
		over := line("carol@a.test", "x") + strings.Repeat("x", control.MaxImportLine+1) + "\n" + strings.Repeat(line("dave@a.test", "x"), 50_000)
		r, err = a.ImportUsers(t.Context(), strings.NewReader(over))
		wantKind(t, "over the bound", err, control.Invalid, "line 2 is longer than 16384 bytes")
		if r.Added != 1 {
			t.Errorf("over the bound: %+v", r)
		}
	})
}
