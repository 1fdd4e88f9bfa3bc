package wire_test

import (
	"errors"
	"strings"
	"testing"

	"salon.im/salon/wire"
)

// TestSetLimits: new limits hold from the next look on, and zero fields mean those before login.
func TestSetLimits(t *testing.T) {
	sc := wire.NewScanner(wire.Limits{})
	buf := []byte(clientHeader)
	_, n, err := sc.Next(buf)
	if err != nil || sc.Offset() != int64(n) {
		t.Fatal(err, sc.Offset())
	}
	big := []byte("<message><body>" + strings.Repeat("a", 20<<10) + "</body></message>")
	tok, n, err := sc.Next(big[:9<<10])
	if tok.Type != wire.TokenMore || n != 0 || err != nil {
		t.Fatal(tok.Type, n, err)
	}
	sc.SetLimits(wire.SessionLimits)
	if tok, n, err = sc.Next(big); tok.Type != wire.TokenStanza || n != len(big) || err != nil {
		t.Fatal(tok.Type, n, err)
	}
	if got := tok.Stanza(); got.Len() != len(big)+len(` xml:lang="en"`) {
		t.Error(got.Len())
	}
	sc.SetLimits(wire.Limits{})
	_, _, err = sc.Next(big)
	var se *wire.SyntaxError
	if !errors.As(err, &se) || !strings.Contains(err.Error(), "policy-violation") {
		t.Error(err)
	}
}

// TestTokenTwice: a token is good until the next call, as often as one asks; other tokens hold no stanza.
func TestTokenTwice(t *testing.T) {
	sc := wire.NewScanner(wire.LoginLimits)
	tok, _, err := sc.Next([]byte(clientHeader))
	if err != nil || !tok.Stanza().IsZero() {
		t.Fatal(err)
	}
	for _, in := range []string{`<message to='a@b'><body/></message>`, `<message to='a@b'><body/><x:a/><![CDATA[&]]></message>`} {
		in := []byte(in)
		if tok, _, err = sc.Next(in); err != nil {
			t.Fatal(err)
		}
		a, b := tok.Stanza(), tok.Stanza()
		clear(in)
		if string(a.Append(nil)) != string(b.Append(nil)) || !a.Has("", "body") || a.To().Clone() != b.To() {
			t.Errorf("%s, %s", a.Append(nil), b.Append(nil))
		}
	}
}

// TestPipelined: several stanzas in one buffer come one by one, each with its own index.
func TestPipelined(t *testing.T) {
	all, err := scan(t, clientHeader, `<message id='1'><a xml:lang='de'/></message> <presence id='2'/><iq id='3' type='get'><b/></iq>`+
		strings.Repeat(`<message id='4'>`+strings.Repeat("<c/>", 10)+`</message>`, 2))
	if err != nil || len(all) != 5 {
		t.Fatal(len(all), err)
	}
	for i, kids := range []int{1, 0, 1, 10, 10} {
		if all[i].NumKids() != kids || all[i].ID() != []string{"1", "2", "3", "4", "4"}[i] {
			t.Errorf("%d: %s", i, all[i].Append(nil))
		}
	}
	if a, ok := all[0].Kid("", "a"); !ok || a.Lang() != "de" {
		t.Error(a.Lang())
	}
}
