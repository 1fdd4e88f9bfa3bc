package storage_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"salon.im/salon/storage"
)

func TestWords(t *testing.T) {
	for i, tt := range []struct{ text, want string }{
		0:  {"", ""},
		1:  {"Hello, world! hello", "hello world"},
		2:  {"  ...  ", ""},
		3:  {"don't e-mail a_b x@y.example 3.14", "don t e mail a b x y example 3 14"},
		4:  {"GRÜN grün Gru\u0308n grun", "grün grun"},  // composed or not is the same, accents are not
		5:  {"Straße STRASSE", "strasse"},               // full case folding
		6:  {"Ⅻ ① ﬁne ｆｕｌｌ", "xii 1 fine full"},         // compatibility forms
		7:  {"ΣΊΣΥΦΟΣ σίσυφος", "σίσυφοσ"},              // a final sigma is a sigma
		8:  {"हिन्दी", "हिन्दी"},                        // vowel signs are marks
		9:  {"東京タワーabc", "東 京 タ ワ ー abc"},               // no spaces part them
		10: {"한국어 조선말", "한국어 조선말"},                      // spaces do
		11: {"duck🦆pond 👩‍👩‍👧", "duck pond"},            // symbols separate
		12: {"a\xffb", "a b"},                           // no UTF-8
		13: {"\u0301x", "x"},                            // a mark without a letter
		14: {`"a" OR b* NEAR(c) -d`, "a or b near c d"}, // no syntax
		15: {"ı İ", "ı i̇"},                             // Turkish dots are letters of their own
		16: {"٣٤ 12", "٣٤ 12"},                          // any digits
		17: {"co\u00adop x\u200dy", "co op x y"},        // invisible characters separate
	} {
		if got := strings.Join(storage.Words(tt.text, 100), " "); got != tt.want {
			t.Errorf("%d: %q gives %q, want %q", i, tt.text, got, tt.want)
		}
	}
}

func TestWordsAreBounded(t *testing.T) {
	var text strings.Builder
	for i := range 100 {
		fmt.Fprintf(&text, "w%d ", i/2)
	}
	for _, limit := range []int{0, 1, 49, 50, 51} {
		if got := len(storage.Words(text.String(), limit)); got != min(limit, 50) {
			t.Errorf("%d words of at most %d", got, limit)
		}
	}
	for _, letter := range []string{"a", "ü", "한", "𐐨"} {
		words := storage.Words(strings.Repeat(letter, 1000), 9)
		if len(words) != 1 || len(words[0]) > 64 || len(words[0]) <= 64-len(letter) || !utf8.ValidString(words[0]) {
			t.Errorf("a word of 1,000 %s gives %q", letter, words)
		}
	}
}

func TestQueryWords(t *testing.T) {
	for i, tt := range []struct {
		words   []string
		want    []string
		selects bool
	}{
		0: {nil, nil, false},
		1: {[]string{"One-two", "TWO"}, []string{"one", "two"}, true},
		2: {[]string{"!?"}, nil, true},
	} {
		q := storage.Query{Words: tt.words}
		if words, selects := q.QueryWords(); !slices.Equal(words, tt.want) || selects != tt.selects {
			t.Errorf("%d: got %q, %v", i, words, selects)
		}
	}
}

func FuzzWords(f *testing.F) {
	f.Add("Hello ü 東 \xff")
	f.Fuzz(func(t *testing.T, text string) {
		seen := make(map[string]bool)
		for _, w := range storage.Words(text, 50) {
			if seen[w] || w == "" || len(w) > 64 || !utf8.ValidString(w) {
				t.Errorf("%q gives the word %q", text, w)
			}
			for _, r := range w {
				if !unicode.In(r, unicode.Letter, unicode.Digit, unicode.Mark) {
					t.Errorf("%q gives the word %q with %q", text, w, r)
				}
			}
			seen[w] = true
		}
		if len(seen) > 50 {
			t.Errorf("%q gives %d words", text, len(seen))
		}
	})
}
