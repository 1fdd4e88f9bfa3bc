package config

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// parseScalar reads text as a value of type t, without weak typing: no "1" for true, no number for a duration.
// The error says what is wanted. It shows the text, but never that of a string type: it may be a secret.
func parseScalar(t reflect.Type, text string) (any, error) {
	switch {
	case t == typeDuration:
		return parseDuration(text)
	case t == typeSize:
		return ParseSize(text)
	case t == typeKeep:
		return ParseKeep(text)
	case t.Kind() == reflect.Bool:
		if text != "true" && text != "false" {
			return nil, fmt.Errorf("want true or false, not %s", quote(text))
		}
		return text == "true", nil
	case t.Kind() == reflect.Int:
		n, err := strconv.ParseInt(text, 10, 0)
		if err != nil {
			return nil, fmt.Errorf("want a whole number, not %s", quote(text))
		}
		return int(n), nil
	default:
		return text, checkText(text)
	}
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	switch {
	case err == nil && d < 0:
		return 0, fmt.Errorf("want a duration that is not negative, not %s", quote(text))
	case err == nil:
		return d, nil
	}
	if strings.Trim(text, "0123456789.") == "" && text != "" {
		return 0, fmt.Errorf("a duration needs its unit: write %ss for seconds, or another of ms, m, h", short(text))
	}
	return 0, fmt.Errorf("want a duration such as 500ms, 30s, 5m or 1h, not %s", quote(text))
}

var errText = errors.New("want text in UTF-8 without control characters")

func checkText(text string) error {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return errText
	}
	return nil
}

// wanted names a type of value to the reader of an error.
func wanted(f field) string {
	switch {
	case isSection(f.typ):
		return "want keys and values"
	case isList(f.typ) && isSection(f.typ.Elem()):
		return "want a list of sections, each begins with '- '"
	case isList(f.typ):
		return "want a list, such as [a, b]"
	case f.typ == typeDuration:
		return "want a duration such as 500ms, 30s, 5m or 1h"
	case f.typ == typeSize:
		return errSize.Error()
	case f.typ == typeKeep:
		return errKeep.Error()
	case f.typ.Kind() == reflect.Bool:
		return "want true or false"
	case f.typ.Kind() == reflect.Int:
		return "want a whole number"
	case f.tag.Get("oneof") != "":
		return "want one of " + strings.Join(strings.Fields(f.tag.Get("oneof")), ", ")
	default:
		return "want text; put quotes around it"
	}
}
