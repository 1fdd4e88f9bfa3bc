package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"syscall"

	"salon.im/salon/control"
)

// complain writes why a command failed: a line for people, or with --json an object. Several errors have a line each.
func (a *app) complain(failure error) {
	text := a.explain(failure)
	if a.json {
		e := control.Error{Kind: control.Internal, Text: text}
		var known *control.Error
		if errors.As(failure, &known) {
			e.Kind = known.Kind
		}
		_ = json.NewEncoder(a.err).Encode(e) // nowhere to report it
		return
	}
	for line := range strings.Lines(text) {
		_, _ = fmt.Fprintf(a.err, "salon: %s\n", strings.TrimRight(line, "\n"))
	}
}

// command finds the commands that an error names: in backquotes, without the program's name.
var command = regexp.MustCompile("`(?:serve|(?:user|room) [^`]+)`")

// unreadable says that a file that the user named cannot be read: the command line is to blame, not the server.
func unreadable(doing string, err error) error {
	return &control.Error{Kind: control.Invalid, Text: doing + ": " + err.Error()}
}

// explain returns an error's text with a remedy where the error itself cannot know one.
func (a *app) explain(failure error) string {
	text := command.ReplaceAllStringFunc(failure.Error(), func(words string) string {
		return "`" + a.hint(strings.Fields(strings.Trim(words, "`"))...) + "`"
	})
	switch {
	case errors.Is(failure, syscall.EADDRINUSE):
		return text + ": another program listens there: stop it, or choose other addresses in the settings (listen)"
	case errors.Is(failure, syscall.EADDRNOTAVAIL):
		return text + ": this machine has no such address: correct it in the settings (listen)"
	}
	return text
}
