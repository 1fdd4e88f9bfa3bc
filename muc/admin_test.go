package muc_test

import (
	"fmt"
	"testing"
	"time"

	"salon.im/salon/muc"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// three makes a room with an owner, a participant and another, all of them up to date.
func three(t *testing.T, change ...func(*world)) (w *world, anna, ben, carl *person) {
	t.Helper()
	w = newWorld(t, change...)
	anna, ben, carl = w.dial("anna"), w.dial("ben"), w.dial("carl")
	anna.instant("A")
	ben.enter("B")
	carl.enter("C")
	for _, p := range []*person{anna, ben, carl} {
		p.sync()
	}
	return w, anna, ben, carl
}

// XEP-0045 §8.2.
func TestKick(t *testing.T) {
	w, anna, ben, carl := three(t)
	w.want(ben.adminSet(`<item nick='C' role='none'/>`), `type="error"`, `forbidden`)
	w.want(anna.adminSet(`<item nick='B' role='none'><reason>quiet please</reason></item>`), `id="adm"`, `type="result"`)
	w.want(ben.sync(), `type="unavailable"`, `code="307"`, `code="110"`, `<actor nick="A"`, `<reason>quiet please</reason>`)
	got := carl.sync()
	w.want(got, `/B"`, `type="unavailable"`, `code="307"`, `role="none"`, `affiliation="none"`)
	w.wantNot(got, `code="110"`)
	ben.talk("still here?")
	w.want(ben.sync(), `not-acceptable`)
	w.want(ben.enter("B"), `code="110"`) // a kick is no ban
	w.want(anna.adminSet(`<item nick='Nobody' role='none'/>`), `item-not-found`)
}

// XEP-0045 §9.1, §9.2.
func TestBan(t *testing.T) {
	w, anna, ben, carl := three(t)
	w.want(ben.affiliate("carl@"+host, "outcast"), `forbidden`)
	w.want(anna.affiliate("anna@"+host, "outcast"), `conflict`)
	w.want(anna.affiliate("ben@"+host+"/any", "outcast"), `type="result"`)
	w.want(ben.sync(), `type="unavailable"`, `code="301"`, `affiliation="outcast"`, `<reason>because</reason>`)
	w.want(carl.sync(), `/B"`, `code="301"`)
	w.want(ben.enter("B"), `forbidden`)
	w.want(anna.adminGet(`<item affiliation='outcast'/>`), `jid="ben@example.test"`, `<reason>because</reason>`)
	w.want(carl.adminGet(`<item affiliation='outcast'/>`), `forbidden`)
	w.want(anna.affiliate("ben@"+host, "none"), `type="result"`)
	w.want(ben.enter("B"), `code="110"`)
}

// XEP-0045 §9.2: of a request with one item that is refused, nothing is done.
func TestBulkIsAllOrNothing(t *testing.T) {
	w, anna, ben, carl := three(t)
	got := anna.adminSet(`<item affiliation='outcast' jid='ben@example.test'/><item affiliation='outcast' jid='anna@example.test'/>`)
	w.want(got, `conflict`)
	w.wantNot(ben.sync(), `unavailable`)
	got = anna.adminSet(`<item affiliation='member' jid='ben@example.test'/><item affiliation='admin' jid='carl@example.test'/><item nick='B' role='visitor'/>`)
	w.want(got, `type="result"`)
	got = carl.sync()
	w.want(got, `affiliation="admin"`, `role="moderator"`, `code="110"`)
	w.want(got, `/B"`, `affiliation="member"`, `role="visitor"`)
}

// XEP-0045 §8.3, §8.4, §7.4: voice in a moderated room.
func TestVoice(t *testing.T) {
	w, anna, ben, _ := three(t)
	anna.configure("moderatedroom=1")
	dora := w.dial("dora")
	w.want(dora.enter("D"), `role="visitor"`, `code="110"`)
	dora.talk("may I?")
	w.want(dora.sync(), `forbidden`)
	ben.talk("I was here before")
	w.want(ben.sync(), `<body>I was here before</body>`)
	anna.adminSet(`<item nick='D' role='participant'/>`)
	w.want(dora.sync(), `role="participant"`, `code="110"`)
	dora.talk("thanks")
	w.want(dora.sync(), `<body>thanks</body>`)
	w.want(anna.adminGet(`<item role='participant'/>`), `nick="D"`, `jid="dora@example.test/home"`)
	w.want(ben.adminGet(`<item role='participant'/>`), `forbidden`)
	anna.adminSet(`<item nick='D' role='visitor'/>`)
	w.want(dora.sync(), `role="visitor"`)
}

// XEP-0045 §7.13, §8.6.
func TestVoiceRequest(t *testing.T) {
	w, anna, _, _ := three(t)
	anna.configure("moderatedroom=1")
	dora := w.dial("dora")
	dora.enter("D")
	anna.sync()
	const field = `<field var='%s'><value>%s</value></field>`
	form := `<message to='` + roomJID + `'><x xmlns='jabber:x:data' type='submit'>` +
		fmt.Sprintf(field, "FORM_TYPE", "http://jabber.org/protocol/muc#request") + fmt.Sprintf(field, "muc#role", "participant")
	dora.say(form + `</x></message>`)
	dora.sync()
	w.want(anna.sync(), `muc#request_allow`, `dora@example.test/home`, `>D<`)
	dora.say(form + fmt.Sprintf(field, "muc#roomnick", "D") + fmt.Sprintf(field, "muc#request_allow", "1") + `</x></message>`)
	w.wantNot(dora.sync(), `role="participant"`) // nobody approves their own
	anna.say(form + fmt.Sprintf(field, "muc#roomnick", "D") + fmt.Sprintf(field, "muc#request_allow", "1") + `</x></message>`)
	anna.sync()
	w.want(dora.sync(), `role="participant"`, `code="110"`)
}

// XEP-0045 §9.4, §10.2: who is no member any more leaves a members-only room (321), as does who never was one (322).
func TestMembersOnly(t *testing.T) {
	w, anna, ben, carl := three(t)
	anna.affiliate("ben@"+host, "member")
	w.want(anna.configure("membersonly=1"), `type="result"`)
	w.want(carl.sync(), `type="unavailable"`, `code="322"`, `code="110"`)
	w.want(ben.sync(), `/C"`, `code="322"`)
	anna.affiliate("ben@"+host, "none")
	got := ben.sync()
	w.want(got, `type="unavailable"`, `code="321"`)
	if i := index(got, `affiliation="none"`); i >= 0 {
		w.want(got[i:i+1], `type="unavailable"`) // one presence, not two
	}
	w.want(ben.enter("B"), `registration-required`)
}

// §9.5: who is added to a members-only room is invited.
func TestNewMemberIsInvited(t *testing.T) {
	w, anna, _, _ := three(t)
	anna.configure("membersonly=1")
	dora := w.dial("dora")
	w.makeAvailable(dora)
	anna.affiliate("dora@"+host, "member")
	anna.sync()
	dora.waitFor(`<invite from="anna@example.test"`)
	w.want(dora.enter("D"), `affiliation="member"`, `code="110"`)
}

// §10.4: a room keeps an owner.
func TestLastOwner(t *testing.T) {
	w, anna, ben, _ := three(t)
	w.want(anna.affiliate("anna@"+host, "admin"), `conflict`)
	anna.affiliate("ben@"+host, "owner")
	w.want(ben.sync(), `affiliation="owner"`, `role="moderator"`)
	w.want(anna.affiliate("anna@"+host, "none"), `type="result"`)
	w.want(anna.adminGet(`<item affiliation='owner'/>`), `forbidden`)
}

// §9.5 (1.35.0), §10.5, §10.8: who may see which list.
func TestListRights(t *testing.T) {
	w, anna, ben, _ := three(t)
	anna.affiliate("dora@"+host, "member")
	dora := w.dial("dora")
	for _, list := range []string{"owner", "admin", "member"} {
		w.want(ben.adminGet(`<item affiliation='`+list+`'/>`), `forbidden`)
		w.want(dora.adminGet(`<item affiliation='`+list+`'/>`), `forbidden`)
	}
	anna.configure("whois=anyone")
	w.want(ben.adminGet(`<item affiliation='member'/>`), `jid="dora@example.test"`)
	w.want(dora.adminGet(`<item affiliation='owner'/>`), `jid="anna@example.test"`) // a member, though outside
	w.want(w.dial("eve").adminGet(`<item affiliation='member'/>`), `forbidden`)
	w.want(ben.adminGet(`<item affiliation='outcast'/>`), `forbidden`)
}

// Status 101: those who may see addresses learn of changes for who is away; visitors of a semi-anonymous room do not.
func TestAbsentAffiliation(t *testing.T) {
	w, anna, ben, _ := three(t)
	w.want(anna.affiliate("dora@"+host, "member"), `<message`, `code="101"`, `jid="dora@example.test"`)
	w.wantNot(ben.sync(), `dora`)
}

// Admins of the host may set rooms right, but are nobody special inside.
func TestHostAdmin(t *testing.T) {
	w := newWorld(t, func(w *world) { w.cfg.Admins = []string{"root@" + host} })
	anna, root := w.dial("anna"), w.dial("root")
	anna.instant("A")
	w.want(root.enter("R"), `affiliation="none"`, `role="participant"`, `code="110"`)
	w.want(root.affiliate("eve@"+host, "outcast"), `type="result"`)
	w.want(root.configure("roomname=Set right"), `type="result"`)
}

func TestBounds(t *testing.T) {
	w, anna, _, _ := three(t)
	long := string(make([]byte, 0, muc.MaxSubject))
	for len(long) <= muc.MaxSubject {
		long += "0123456789abcdef"
	}
	anna.say(`<message type='groupchat' to='` + roomJID + `'><subject>` + long + `</subject></message>`)
	w.want(anna.sync(), `not-acceptable`)
	w.want(anna.adminSet(`<item nick='B' role='none'><reason>`+long[:muc.MaxReason+1]+`</reason></item>`), `not-acceptable`)
	w.want(anna.configure("roomname="+long), `not-acceptable`)
	w.want(anna.configure("maxusers=-1"), `not-acceptable`)
	w.want(anna.configure("whois=nobody"), `not-acceptable`)
}

func TestAffiliationsBound(t *testing.T) {
	w := newWorld(t)
	affs := []storage.Affiliation{{Addr: wire.MustAddr("anna@" + host), Value: "owner"}}
	for i := 1; i < muc.MaxAffiliations; i++ {
		affs = append(affs, storage.Affiliation{Addr: wire.MustAddr(fmt.Sprintf("u%d@%s", i, host)), Value: "member"})
	}
	room := storage.Room{Addr: wire.MustAddr(roomJID), Created: time.Now(), Config: []byte(`{"persistent":true}`)}
	if err := w.store.PutRoom(w.ctx, room, affs); err != nil {
		t.Fatal(err)
	}
	anna := w.dial("anna")
	anna.enter("A")
	w.want(anna.affiliate("ben@"+host, "member"), `resource-constraint`)
	w.want(anna.affiliate("u1@"+host, "none"), `type="result"`)
	w.want(anna.affiliate("ben@"+host, "member"), `type="result"`)
}
