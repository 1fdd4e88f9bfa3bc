package muc_test

import (
	"testing"
	"time"
)

// XEP-0045 §14.6: a room that nobody configures for an hour ends, to the moment, and its name is free; one that is configured stays.
func TestLockedRoomEnds(t *testing.T) {
	for _, configured := range []bool{false, true} {
		w, ahead := clocked(t)
		anna := w.dial("anna")
		w.want(anna.enter("A"), `code="201"`)
		if configured {
			anna.configure("")
		}
		ahead.Add(int64(time.Hour - 1))
		w.wantNot(anna.sync(), `<destroy`)
		ahead.Add(1)
		if got := anna.sync(); has(got, `type="unavailable"`, `code="110"`, `<destroy`) == configured {
			t.Errorf("configured %v: %q", configured, got)
		}
		if got := w.dial("ben").enter("B"); has(got, `code="201"`) == configured {
			t.Errorf("configured %v: ben: %q", configured, got)
		}
	}
}
