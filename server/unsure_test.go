package server_test

import (
	"testing"

	"salon.im/salon/internal/xmpptest"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// A commit whose answer was lost is an error for the sender, but the message is stored. Sent again by the same origin-id it
// is delivered, once, with the stanza-id of the stored row; sent a third time it is a resend.
func TestLostAnswer(t *testing.T) {
	for _, to := range recipients {
		t.Run(to, func(t *testing.T) {
			s, store := faulty(t)
			alice, bob := enter(s, "alice@"+xmpptest.Host, lobby), enter(s, "bob@"+xmpptest.Host, lobby)
			send := func(id string) {
				typ := "chat"
				if to == lobby {
					typ = "groupchat"
				}
				alice.Send(`<message type="` + typ + `" to="` + to + `" id="` + id + `"><body>hello</body><origin-id xmlns="urn:xmpp:sid:0" id="o1"/></message>`)
			}
			store.FailAppendAfter(1, nil)
			send("m1")
			if st := until(alice, isMessage); !isError(st) {
				t.Fatalf("no error: %s", st.Append(nil))
			}
			send("m2")
			send("m3")
			message(alice, to, "end")
			seen := until(bob, isMessage)
			if end := until(bob, isMessage); seen.ID() != "m2" || end.ID() != "end" {
				t.Fatalf("bob sees %s and %s", seen.Append(nil), end.Append(nil))
			}
			owner := wire.MustAddr(to)
			rows, err := store.Page(t.Context(), storage.Query{Owner: owner, Limit: 9})
			if err != nil || len(rows) != 2 {
				t.Fatalf("%d rows, error %v", len(rows), err)
			}
			k, _ := seen.Kid("urn:xmpp:sid:0", "stanza-id")
			if id := idsOf(t, s).Text(rows[0].ID); k.Attr("id") != id {
				t.Errorf("stanza-id %s, stored %s", k.Attr("id"), id)
			}
		})
	}
}
