package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// checkRange compares a number with the tags of its key. It returns the problem, or "".
func checkRange(f field, v reflect.Value) string {
	low, high := f.tag.Get("min"), f.tag.Get("max")
	if low == "" {
		return ""
	}
	zero := f.tag.Get("zero")
	if n := v.Int(); n >= mustBound(f.typ, low) && n <= mustBound(f.typ, high) || n == 0 && zero != "" {
		return ""
	}
	allowed := low + " to " + high
	if zero != "" {
		allowed += ", or 0: " + zero
	}
	return fmt.Sprintf("%s is out of range (%s)", show(v), allowed)
}

// mustBound reads the text of a tag as a value of the type. The tags are ours: a test reads them all.
func mustBound(t reflect.Type, text string) int64 {
	v, err := parseScalar(t, text)
	if err != nil {
		panic("config: tag " + text + ": " + err.Error())
	}
	return reflect.ValueOf(v).Int()
}

// checkWords compares one word, or each word of a list, with the tag of its key. It returns index (-1: the key
// itself) and problem of the first that is wrong.
func checkWords(f field, v reflect.Value) (index int, problem string) {
	allowed := strings.Fields(f.tag.Get("oneof"))
	if len(allowed) == 0 {
		return -1, ""
	}
	if v.Kind() == reflect.String {
		if word := v.String(); !slices.Contains(allowed, word) {
			return -1, fmt.Sprintf("%s is unknown; want one of %s", quote(word), strings.Join(allowed, ", "))
		}
		return -1, ""
	}
	words := v.Interface().([]string)
	for i, word := range words {
		switch {
		case !slices.Contains(allowed, word):
			return i, fmt.Sprintf("%s is unknown; the nearest is %s (known: %s)",
				quote(word), nearestOf(word, allowed), strings.Join(allowed, ", "))
		case slices.Contains(words[:i], word):
			return i, fmt.Sprintf("%s is there twice", quote(word))
		}
	}
	if len(words) == 0 {
		return -1, "want at least one of " + strings.Join(allowed, ", ")
	}
	return -1, ""
}
