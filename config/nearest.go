package config

import (
	"strings"
	"sync"
)

// elsewhere is what it costs a key to be in another section than the one that was written.
const elsewhere = 2

// nearestKey returns the valid key that section+name most resembles: a sibling, or one of that name in another section.
//
// section is empty, or ends with a dot, and has no list indices.
func nearestKey(section, name string) string {
	best, least := "", -1
	for _, key := range allNames() {
		parent, leaf := "", key
		if i := strings.LastIndexByte(key, '.'); i >= 0 {
			parent, leaf = key[:i+1], key[i+1:]
		}
		d := distance(name, leaf)
		if parent != section {
			d = min(d+elsewhere, distance(section+name, key))
		}
		if least < 0 || d < least {
			best, least = key, d
		}
	}
	return best
}

// allNames lists all keys, each section before its keys.
var allNames = sync.OnceValue(func() []string {
	var out []string
	seen := map[string]bool{}
	for _, key := range allKeys() {
		for i, c := range key + "." {
			if part := key[:min(i, len(key))]; c == '.' && !seen[part] {
				seen[part] = true
				out = append(out, part)
			}
		}
	}
	return out
})

// nearestOf returns the candidate with the least edit distance to s, the first of equals.
func nearestOf(s string, candidates []string) string {
	best, least := "", -1
	for _, c := range candidates {
		if d := distance(s, c); least < 0 || d < least {
			best, least = c, d
		}
	}
	return best
}

// maxCompared bounds the work for a key that somebody made very long.
const maxCompared = 100

// distance is the number of letters to insert, delete or replace (Levenshtein) between two words, ignoring case.
func distance(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	if len(a) > maxCompared {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
