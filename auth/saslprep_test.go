package auth_test

import (
	"errors"
	"strings"
	"testing"

	"salon.im/salon/auth"
)

func TestPreparePassword(t *testing.T) {
	for i, tc := range [...]struct {
		in, want string // want "" means refused
	}{
		// RFC 4013 §3
		0: {"I\u00adX", "IX"},
		1: {"user", "user"},
		2: {"USER", "USER"},
		3: {"\u00aa", "a"},
		4: {"\u2168", "IX"},
		5: {"\u0007", ""},
		6: {"\u0627\u0031", ""},

		7:  {"a\u00a0b\u3000c\u200bd", "a b c d"}, // spaces, the last one of them without width
		8:  {"a\u200db\ufe0fc\ufeffd", "abcd"},    // mapped to nothing
		9:  {"\u00ad", ""},                        // nothing is left
		10: {"e\u0301", "\u00e9"},                 // composed
		11: {"\u0627b\u0627", ""},                 // both directions
		12: {"\u0627 1 \u0628", "\u0627 1 \u0628"},
		13: {"correct horse 🐴", "correct horse 🐴"}, // unassigned in Unicode 3.2, and allowed by us
		14: {"a\u0085b", ""},
		15: {"a\u200eb", ""},
		16: {"a\ue000b", ""},
		17: {"a\ufffdb", ""},
		18: {"a\U0001fffeb", ""},
		19: {"a\uffffb", ""},
		20: {"a\U000e0041b", ""},
		21: {"a\U00100000b", ""},
		22: {"a\u2ff0b", ""},
		23: {"a\x7fb", ""},
		24: {"a\xffb", ""},
		25: {"\ufb01", "fi"},
		26: {strings.Repeat("a", auth.MaxPasswordBytes), strings.Repeat("a", auth.MaxPasswordBytes)},
		27: {strings.Repeat("a", auth.MaxPasswordBytes+1), ""},
	} {
		got, err := auth.PreparePassword(tc.in)
		if got != tc.want || (err != nil) != (tc.want == "") || err != nil && !errors.Is(err, auth.ErrPassword) {
			t.Errorf("%d: %q gives %q, %v; want %q", i, tc.in, got, err, tc.want)
		}
	}
}
