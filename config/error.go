package config

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Error is one thing wrong with one setting. [Load] and [Config.Validate] join all that they find.
type Error struct {
	// File and Line (from 1) say where the setting stands. File is empty and Line 0 if it does not come from a file.
	File string
	Line int
	// Source is the environment variable or the flag that set it, if one did.
	Source string
	// Key is the dotted key, such as limits.stanza or hosts[0].name; empty for an error of the whole file.
	Key string
	// Problem says what is wrong and what would be right. It never holds a secret.
	Problem string

	// other is a second key that the problem is about: its position serves if Key has none.
	other string
}

// Error returns "file:line: key: problem", without the parts that are not known.
func (e *Error) Error() string {
	var parts []string
	switch {
	case e.Source != "":
		parts = append(parts, e.Source)
	case e.Line > 0:
		parts = append(parts, fmt.Sprintf("%s:%d", e.File, e.Line))
	case e.File != "":
		parts = append(parts, e.File)
	}
	if e.Key != "" {
		parts = append(parts, e.Key)
	}
	return strings.Join(append(parts, e.Problem), ": ")
}

// maxErrors bounds what one file can make us write.
const maxErrors = 100

// join sorts by line, errors of the environment and the flags last, and returns nil for none. Of more than maxErrors
// it tells the first.
func join(errs []*Error) error {
	line := func(e *Error) int {
		if e.Line == 0 {
			return math.MaxInt
		}
		return e.Line
	}
	slices.SortStableFunc(errs, func(a, b *Error) int { return cmp.Compare(line(a), line(b)) })
	var plain []error
	for i, e := range errs {
		if i == maxErrors {
			plain = append(plain, &Error{Problem: fmt.Sprintf("there are more errors; these are the first %d", i)})
			break
		}
		plain = append(plain, e)
	}
	return errors.Join(plain...)
}
