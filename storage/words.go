package storage

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const (
	// MaxTextWords bounds the words that a row is found by: those behind are not indexed.
	MaxTextWords = 1_000
	// MaxQueryWords bounds the words of a Query: those behind are not looked at.
	MaxQueryWords = 32
	// maxWordBytes is where a long word is cut, in texts and queries alike.
	maxWordBytes = 64
)

// Words returns the different words of a text, at most max, in the order in which they first appear.
//
// A word is a run of letters, digits and the marks on them. Case and the ways to write one character (compatibility forms,
// composed or not) make no difference; accents do. Chinese characters and Japanese kana are a word each, since no space
// parts their words. A word is cut at 64 bytes. Every back end takes its words from here, so that all find the same rows.
func Words(text string, max int) []string {
	var words []string
	seen := make(map[string]bool)
	add := func(word string) {
		if word = cutWord(word); len(words) < max && word != "" && !seen[word] {
			seen[word] = true
			words = append(words, word)
		}
	}
	text = norm.NFKC.String(cases.Fold().String(norm.NFKC.String(strings.ToValidUTF8(text, " "))))
	start := -1 // of the word that is being read
	for i, r := range text {
		alone := r == 'ー' || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) && unicode.IsLetter(r)
		within := !alone && (unicode.In(r, unicode.Letter, unicode.Digit) || start >= 0 && unicode.Is(unicode.Mark, r))
		if start >= 0 && !within {
			add(text[start:i])
			start = -1
		}
		if within && start < 0 {
			start = i
		}
		if alone {
			add(string(r))
		}
		if len(words) >= max {
			return words
		}
	}
	if start >= 0 {
		add(text[start:])
	}
	return words
}

// QueryWords returns the words of a Query's Words, and whether it selects by words at all.
func (q *Query) QueryWords() (words []string, selects bool) {
	return Words(strings.Join(q.Words, " "), MaxQueryWords), len(q.Words) > 0
}

func cutWord(word string) string {
	if len(word) <= maxWordBytes {
		return word
	}
	end := maxWordBytes
	for !utf8.RuneStart(word[end]) {
		end--
	}
	return word[:end]
}
