package muc_test

import (
	"bytes"
	"strings"
	"testing"

	"salon.im/salon/muc"
	"salon.im/salon/wire"
)

// An id stands for one account in one room under one key: it is another one as soon as any of the three is.
func TestOccupantID(t *testing.T) {
	key := bytes.Repeat([]byte{1}, muc.OccupantKeyBytes)
	id := func(key []byte, room, account string) string {
		return muc.OccupantID(key, wire.MustAddr(room), wire.MustAddr(account))
	}
	const hall, anna = "hall@rooms.example.test", "anna@example.test"
	first := id(key, hall, anna)
	if first != "lCQ9FE1qLqcs9Mkrlk_bTA" || len(first) > 128 {
		t.Errorf("the id has changed: it is %s", first)
	}
	seen := map[string]int{first: -1}
	for i, other := range []string{
		id(key, hall, "ben@example.test"), id(key, hall, "anna@example.tes"), id(key, "hal@rooms.example.test", anna),
		id(key, "hall@rooms.example.tes", "tanna@example.test"), id(bytes.Repeat([]byte{2}, muc.OccupantKeyBytes), hall, anna),
	} {
		if was, ok := seen[other]; ok {
			t.Errorf("%d has the id of %d", i, was)
		}
		seen[other] = i
	}
}

// Where the room keeps nothing any more, what it has kept is moderated without the moderator's occupant-id: an erasure finds the
// tombstones by the notices, and there is none. Who is inside sees it.
func TestModerateUnarchivedNamesNoID(t *testing.T) {
	for _, off := range []bool{false, true} {
		w, anna, ben, _ := three(t)
		ben.talk("secret")
		ben.sync()
		id := idInRoom(t, anna.sync(), "secret")
		if off {
			anna.configure("enablearchiving=0")
			anna.sync()
		}
		mark := `by="` + roomJID + `/A"><occupant-id xmlns="urn:xmpp:occupant-id:0" id="` +
			muc.OccupantID(make([]byte, muc.OccupantKeyBytes), wire.MustAddr(roomJID), anna.addr.Bare()) + `"`
		anna.say(moderation("q1", id))
		w.want(anna.sync(), "<moderated", mark)
		row := w.rows(roomJID)[0]
		if got := string(row.Stanza); !row.Tombstone || strings.Contains(got, mark) == off || !strings.Contains(got, `by="`+roomJID+`/A"`) {
			t.Errorf("archiving off %v: %s", off, got)
		}
	}
}
