package auth

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/unicode/norm"
)

// This file prepares passwords by SASLprep (RFC 4013), which RFC 5802 §5.1 and RFC 4616 §2 ask for.
//
// The OpaqueString profile of RFC 8265, which golang.org/x/text has, is its successor but gives other bytes: it keeps compatibility
// characters (NFC, not NFKC) and soft hyphens, so a client that follows SCRAM would fail to log in. Hence our own tables.
//
// We differ from the letter in one place. RFC 4013 §2.5 forbids in stored strings what Unicode 3.2 had not assigned. We treat
// passwords as queries, for which it is allowed: otherwise nobody could use an emoji, and what they type would be the same anyway.

// preparePassword returns the password in the form that keys are derived from, or ErrPassword.
func preparePassword(password string) (string, error) {
	if password == "" || len(password) > MaxPasswordBytes || !utf8.ValidString(password) {
		return "", ErrPassword
	}
	if printableASCII(password) {
		return password, nil
	}
	s := norm.NFKC.String(strings.Map(mapPassword, password)) // RFC 4013 §2.1, §2.2
	for _, r := range s {
		if prohibited(r) { // RFC 4013 §2.3
			return "", ErrPassword
		}
	}
	if s == "" || !bidiOK(s) {
		return "", ErrPassword
	}
	return s, nil
}

func printableASCII(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// mapPassword maps the spaces of RFC 3454 C.1.2 to SPACE and drops those of B.1. U+200B is in both and becomes a space, since RFC 4013
// §2.1 names the spaces first.
func mapPassword(r rune) rune {
	switch {
	case unicode.Is(otherSpaces, r):
		return ' '
	case unicode.Is(mappedToNothing, r):
		return -1
	}
	return r
}

func prohibited(r rune) bool {
	return r&0xfffe == 0xfffe || // C.4, the last two of each plane
		unicode.Is(otherSpaces, r) || unicode.Is(prohibitedTable, r)
}

// bidiOK is RFC 3454 §6: with right-to-left characters, no left-to-right ones, and a right-to-left one at each end.
func bidiOK(s string) bool {
	var right, left bool
	for _, r := range s {
		right = right || rightToLeft(r)
		left = left || bidiClass(r) == bidi.L
	}
	first, _ := utf8.DecodeRuneInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	return !right || !left && rightToLeft(first) && rightToLeft(last)
}

func rightToLeft(r rune) bool {
	c := bidiClass(r)
	return c == bidi.R || c == bidi.AL
}

func bidiClass(r rune) bidi.Class {
	p, _ := bidi.LookupRune(r)
	return p.Class()
}

// otherSpaces is RFC 3454 C.1.2.
var otherSpaces = &unicode.RangeTable{R16: []unicode.Range16{
	{0x00a0, 0x00a0, 1}, {0x1680, 0x1680, 1}, {0x2000, 0x200b, 1}, {0x202f, 0x202f, 1}, {0x205f, 0x205f, 1}, {0x3000, 0x3000, 1},
}, LatinOffset: 1}

// mappedToNothing is RFC 3454 B.1.
var mappedToNothing = &unicode.RangeTable{R16: []unicode.Range16{
	{0x00ad, 0x00ad, 1}, {0x034f, 0x034f, 1}, {0x1806, 0x1806, 1}, {0x180b, 0x180d, 1}, {0x200b, 0x200d, 1},
	{0x2060, 0x2060, 1}, {0xfe00, 0xfe0f, 1}, {0xfeff, 0xfeff, 1},
}, LatinOffset: 1}

// prohibitedTable is RFC 3454 C.2.1 to C.9, without the surrogates, which valid UTF-8 does not have, and the plane ends of C.4.
var prohibitedTable = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x0000, 0x001f, 1}, {0x007f, 0x009f, 1}, // C.2.1, C.2.2
		{0x0340, 0x0341, 1},                                           // C.8
		{0x06dd, 0x06dd, 1}, {0x070f, 0x070f, 1}, {0x180e, 0x180e, 1}, // C.2.2
		{0x200c, 0x200f, 1}, {0x2028, 0x202e, 1}, {0x2060, 0x2063, 1}, {0x206a, 0x206f, 1}, // C.2.2, C.8
		{0x2ff0, 0x2ffb, 1},                      // C.7
		{0xe000, 0xf8ff, 1},                      // C.3
		{0xfdd0, 0xfdef, 1},                      // C.4
		{0xfeff, 0xfeff, 1}, {0xfff9, 0xfffd, 1}, // C.2.2, C.6
	},
	R32: []unicode.Range32{
		{0x1d173, 0x1d17a, 1},                        // C.2.2
		{0xe0001, 0xe0001, 1}, {0xe0020, 0xe007f, 1}, // C.9
		{0xf0000, 0xffffd, 1}, {0x100000, 0x10fffd, 1}, // C.3
	},
	LatinOffset: 2,
}
