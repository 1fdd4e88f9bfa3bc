package main

import (
	"encoding/json"
	"errors"
	"fmt"
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

// explain returns an error's text with a remedy where the error itself cannot know one.
func (a *app) explain(failure error) string {
	text := failure.Error()
	switch {
	case errors.Is(failure, syscall.EADDRINUSE):
		return text + ": another program listens there: stop it, or choose other addresses in the settings (listen)"
	case errors.Is(failure, syscall.EADDRNOTAVAIL):
		return text + ": this machine has no such address: correct it in the settings (listen)"
	}
	return text
}
