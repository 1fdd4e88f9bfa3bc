package muc_test

import "testing"

func subjectOf(text string) string {
	return `<message type='groupchat' to='` + roomJID + `' id='` + text + `'><subject>` + text + `</subject><origin-id xmlns='urn:xmpp:sid:0' id='` + text + `'/></message>`
}

// A subject that the archive got and the room's record did not, as when the server ended between the two, is set when its sender repeats it (XEP-0359 §3.1), also after a restart, and
// keeps its stanza-id. One that has been replaced meanwhile stays so.
func TestSubjectRepeated(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		b := new(brittle)
		w, anna, _, _ := three(t, func(w *world) { b.Rooms = w.rooms; w.rooms = b })
		anna.configure("persistentroom=1")
		b.broken.Store(true)
		anna.say(subjectOf("Tea"))
		w.want(anna.sync(), `type="error"`)
		b.broken.Store(false)
		if restarted {
			w.restart()
			anna = w.dial("anna")
			anna.enter("A")
		}
		anna.say(subjectOf("Tea"))
		set := anna.sync()
		w.want(set, `<subject>Tea</subject>`)
		if rows := w.rows(roomJID); len(rows) != 1 || ids.Text(rows[0].ID) != idInRoom(t, set, "Tea") {
			t.Errorf("restarted %t: %v rows, told %q", restarted, rows, set)
		}
		anna.say(subjectOf("Tea")) // the room has it
		w.wantNot(anna.sync(), `<subject`)
		anna.say(subjectOf("Coffee"))
		anna.say(subjectOf("Tea"))
		w.wantNot(anna.sync(), `<subject>Tea`)
		w.restart()
		ben := w.dial("ben")
		w.want(ben.enter("B"), `<subject>Coffee</subject>`, `<delay`)
	}
}

// A subject that was retracted does not come back with the room, though the room's record could not be changed. The retraction of
// another message leaves it.
func TestSubjectRetractedForGood(t *testing.T) {
	for _, taken := range []string{"Tea", "Coffee"} {
		b := new(brittle)
		w, anna, _, _ := three(t, func(w *world) { b.Rooms = w.rooms; w.rooms = b })
		anna.configure("persistentroom=1")
		anna.talk("Coffee")
		anna.say(subjectOf("Tea"))
		id := idInRoom(t, anna.sync(), taken)
		b.broken.Store(true)
		anna.say(retraction("r", id))
		w.want(anna.sync(), `<retract`)
		b.broken.Store(false)
		for range 2 {
			w.restart()
			got := w.dial("ben").enter("B")
			if taken == "Tea" {
				w.want(got, `<subject/>`)
				w.wantNot(got, `<subject>Tea`)
			} else {
				w.want(got, `<subject>Tea</subject>`)
			}
		}
	}
}
