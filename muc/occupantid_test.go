package muc_test

import (
	"bytes"
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
