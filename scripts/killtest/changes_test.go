package killtest_test

import (
	"fmt"
	"strings"
)

// The changes of rooms. Each sets all of its thing anew, with the number of the change in it, so that no value comes twice.

// fields are those of the owner's form that change.
var fields = []string{"muc#roomconfig_roomname", "muc#roomconfig_roomdesc", "muc#roomconfig_lang", "muc#roomconfig_publicroom",
	"muc#roomconfig_membersonly", "muc#roomconfig_moderatedroom", "muc#roomconfig_passwordprotectedroom", "muc#roomconfig_roomsecret",
	"muc#roomconfig_maxusers", "muc#roomconfig_changesubject", "muc#roomconfig_whois", "muc#roomconfig_allowpm", "muc#maxhistoryfetch",
	"muc#roomconfig_slow_mode_duration", "muc#roomconfig_enablearchiving"}

// configure submits the owner's form (XEP-0045 §10.2).
func configure(room string) func(int) (string, string) {
	return func(n int) (string, string) {
		bit := func(i int) string { return fmt.Sprint(n >> i & 1) }
		secret := ""
		if bit(2) == "1" {
			secret = fmt.Sprint("secret ", n)
		}
		v := map[string]string{"muc#roomconfig_roomname": fmt.Sprint("room ", n), "muc#roomconfig_roomdesc": fmt.Sprint("About ", n), "muc#roomconfig_lang": "en",
			"muc#roomconfig_publicroom": bit(0), "muc#roomconfig_membersonly": bit(1), "muc#roomconfig_moderatedroom": bit(3),
			"muc#roomconfig_passwordprotectedroom": bit(2), "muc#roomconfig_roomsecret": secret,
			"muc#roomconfig_maxusers": fmt.Sprint(20 + n%50), "muc#roomconfig_changesubject": bit(4), "muc#maxhistoryfetch": fmt.Sprint(n % 20),
			"muc#roomconfig_whois":              []string{"moderators", "anyone"}[n%2],
			"muc#roomconfig_allowpm":            []string{"anyone", "participants", "moderators", "none"}[n%4],
			"muc#roomconfig_slow_mode_duration": fmt.Sprint(n % 60), "muc#roomconfig_enablearchiving": []string{"0", "1"}[min(1, n%7)]}
		return inOrder(fields, v), submitted(room, v)
	}
}

// submitted is a form of the owner's, which keeps the room.
func submitted(room string, v map[string]string) string {
	var b strings.Builder
	for name, value := range v {
		fmt.Fprintf(&b, `<field var="%s"><value>%s</value></field>`, name, value)
	}
	return `<iq type="set" id="%s" to="` + address(room) + `"><query xmlns="http://jabber.org/protocol/muc#owner"><x xmlns="jabber:x:data" type="submit">` +
		`<field var="FORM_TYPE"><value>http://jabber.org/protocol/muc#roomconfig</value></field>` +
		`<field var="muc#roomconfig_persistentroom"><value>1</value></field>` + b.String() + `</x></query></iq>`
}

// inOrder is a value that can be compared: what a map says, in the order of its keys' list.
func inOrder(keys []string, v map[string]string) string {
	var out []string
	for _, k := range keys {
		out = append(out, k+"="+v[k])
	}
	return strings.Join(out, ", ")
}

// people are those whose affiliations change, and a host that is banned.
var people = []string{"p0@b.test", "p1@b.test", "p2@b.test", "p3@b.test", "p4@b.test", "p5@b.test", "c.test"}

// affiliate changes all affiliations but the owner's and max's, with reasons (XEP-0045 §9, §10).
func affiliate(room string) func(int) (string, string) {
	return func(n int) (string, string) {
		v := map[string]string{}
		var b strings.Builder
		for i, p := range people {
			a := []string{"owner", "admin", "member", "outcast", "none"}[(n+i)%5]
			if !strings.Contains(p, "@") {
				a = []string{"outcast", "none"}[n%2]
			}
			if v[p] = a; a != "none" {
				v[p] += fmt.Sprint(", for ", n)
			}
			fmt.Fprintf(&b, `<item jid="%s" affiliation="%s"><reason>for %d</reason></item>`, p, a, n)
		}
		return inOrder(people, v), `<iq type="set" id="%s" to="` + address(room) + `"><query xmlns="http://jabber.org/protocol/muc#admin">` + b.String() + `</query></iq>`
	}
}

// title changes the subject (XEP-0045 §8.1).
func title(room string) func(int) (string, string) {
	return func(n int) (string, string) {
		return fmt.Sprint("About ", n), fmt.Sprintf(`<message type="groupchat" id="%%s" to="%s"><subject>About %d</subject><origin-id xmlns="urn:xmpp:sid:0" id="about-%[2]d"/></message>`, address(room), n)
	}
}

// makeHat changes the title of a hat (XEP-0317 §3.2).
func makeHat(room string) func(int) (string, string) {
	return func(n int) (string, string) {
		return fmt.Sprint("Hat ", n), `<iq type="set" id="%s" to="` + address(room) + `"><command xmlns="http://jabber.org/protocol/commands" node="urn:xmpp:hats:commands:create">` +
			`<x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE"><value>urn:xmpp:hats:commands</value></field>` +
			`<field var="hats#uri"><value>urn:example:hat</value></field><field var="hats#title"><value>` + fmt.Sprint("Hat ", n) + `</value></field></x></command></iq>`
	}
}

// draw changes the room's vCard (XEP-0486).
func draw(room string) func(int) (string, string) {
	return func(n int) (string, string) {
		return fmt.Sprint("Card ", n), fmt.Sprintf(`<iq type="set" id="%%s" to="%s"><vCard xmlns="vcard-temp"><FN>Card %d</FN></vCard></iq>`, address(room), n)
	}
}

// register registers a nick (XEP-0045 §7.10).
func register(room string) func(int) (string, string) {
	return func(n int) (string, string) {
		return fmt.Sprint("max ", n), `<iq type="set" id="%s" to="` + address(room) + `"><query xmlns="jabber:iq:register"><x xmlns="jabber:x:data" type="submit">` +
			`<field var="FORM_TYPE"><value>http://jabber.org/protocol/muc#register</value></field>` +
			`<field var="muc#register_roomnick"><value>` + fmt.Sprint("max ", n) + `</value></field></x></query></iq>`
	}
}
