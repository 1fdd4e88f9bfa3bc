package main_test

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestRoomCommands(t *testing.T) {
	withAndWithout(t, func(t *testing.T, data string) {
		secret := file(t, t.TempDir(), "secret", "open sesame\n")
		for _, c := range []struct {
			name, args string
			code       int
			out, err   string
		}{
			{"create", "room create Hall --name Hall --owner alice@a.test", 0, "hall@conference.a.test created\n", ""},
			{"create, JSON", "room create den@conference.a.test --public=false --members-only --json", 0, `{"result":"created","room":"den@conference.a.test"}`, ""},
			{"create again", "room create hall", 1, "", "salon: hall@conference.a.test exists already: `" + binary + " room config hall@conference.a.test --data " + data + "`"},
			{"malformed", "room create a@b@c", 1, "", `"a@b@c" is no room`},
			{"elsewhere", "room create x@a.test", 1, "", "a.test has no rooms here: they are at conference.a.test"},
			{"list", "room list", 0, "den@conference.a.test", ""},
			{"list in words", "room list --host A.test", 0, "0 inside  public, persistent, open to all, archived\n", ""},
			{"list, JSON", "room list --json", 0, `{"jid":"den@conference.a.test","name":"","occupants":0,"public":false,"persistent":true,"members_only":true,"archive":true}` + "\n", ""},
			{"list of another host", "room list --host b.test", 1, "", "b.test is no host here"},
			{"list by the domain of rooms", "room list --host conference.a.test", 0, "den@conference.a.test", ""},
			{"config", "room config hall roomdesc=Big keep=30d presencebroadcast=moderator,participant", 0, "hall@conference.a.test changed\n", ""},
			{"end by a setting", "room config hall persistentroom=0", 1, "", "nothing was changed at hall@conference.a.test: Nobody is in the room"},
			{"password", "room config hall --password-file " + secret, 0, "changed", ""},
			{"password in sight", "room config hall roomsecret=x", 1, "", "say --password-file"},
			{"no field", "room config hall colour=red", 1, "", "There is no field colour: the fields are roomname, "},
			{"no value", "room config hall whois=me --json", 1, "", `{"kind":"invalid","error":"nothing was changed at hall@conference.a.test: `},
			{"no setting", "room config hall whois", 1, "", `"whois" is no setting: write key=value`},
			{"nothing", "room config hall", 1, "", "there is nothing to change"},
			{"member", "room affiliate hall bob@a.test member --reason friend", 0, "changed", ""},
			{"ban", "room ban hall spam.test --reason spam", 0, "changed", ""},
			{"no affiliation", "room affiliate hall bob@a.test king", 1, "", "choose one of owner, admin, member, none, outcast"},
			{"last owner", "room affiliate hall alice@a.test none", 1, "", "`" + binary + " room affiliate hall@conference.a.test NAME@HOST owner --data " + data + "`"},
			{"show", "room show hall", 0, "Affiliations: 3\n  alice@a.test  owner    \n  bob@a.test    member   friend\n  spam.test     outcast  spam\n", ""},
			{"show a setting", "room show hall", 0, "  keep                   30d", ""},
			{"show no secret", "room show hall", 0, "  roomsecret             (not shown)", ""},
			{"show nothing", "room show cellar --json", 1, "", `{"kind":"missing","error":"there is no room cellar@conference.a.test`},
			{"destroy", "room destroy hall --reason over --alternate den", 0, "hall@conference.a.test destroyed\n", ""},
			{"destroy again", "room destroy hall", 1, "", "there is no room hall@conference.a.test: `" + binary + " room list --data " + data + "`"},
		} {
			t.Run(c.name, func(t *testing.T) {
				salon(t, "", append(strings.Fields(c.args), "--data", data)...).want(t, c.code, c.out, c.err)
			})
		}
	})
}

func TestRoomKickWithoutServer(t *testing.T) {
	data := dataDir(t)
	salon(t, "", "room", "create", "hall", "--data", data).want(t, 0, "created", "")
	salon(t, "", "room", "kick", "hall", "Bob", "--data", data).want(t, 1, "", "salon: no server is running on this data directory")
}

// A name cannot make the operator's terminal do anything, nor look like another line of the list.
func TestRoomNamesOnATerminal(t *testing.T) {
	data := dataDir(t)
	salon(t, "", "room", "create", "hall", "--name", "a\u009b2Jb\nlobby@conference.a.test", "--data", data).want(t, 0, "created", "")
	for _, args := range [][]string{{"list"}, {"show", "hall"}} {
		r := salon(t, "", append(append([]string{"room"}, args...), "--data", data)...)
		r.want(t, 0, "a2Jb lobby@conference.a.test", "")
		if strings.ContainsRune(r.out, 0x9b) {
			t.Errorf("%q", r.out)
		}
	}
}

// What was done without a server is there when one starts, and a password was sealed with the server's key.
func TestRoomsOutliveTheCommand(t *testing.T) {
	data := dataDir(t)
	secret := file(t, t.TempDir(), "secret", "open sesame\n")
	salon(t, "secret\n", "user", "add", "bob@a.test", "--data", data).want(t, 0, "added", "")
	salon(t, "", "room", "create", "hall", "--data", data).want(t, 0, "created", "")
	salon(t, "", "room", "config", "hall", "--password-file", secret, "--data", data).want(t, 0, "changed", "")
	g := visitor(t, serve(t, "--data", data), "bob")
	enter := `<presence to="hall@conference.a.test/Bob"><x xmlns="http://jabber.org/protocol/muc">`
	g.expect(t, enter+`</x></presence>`, "not-authorized", "</presence>")
	g.expect(t, enter+`<password>open sesame</password></x></presence>`, `code="110"`, "</presence>")
}

// Who is inside sees what the operator does as XEP-0045 §8.2, §9.1, §10.2.1 and §10.9 say.
func TestRoomsLive(t *testing.T) {
	data := dataDir(t)
	for _, name := range []string{"bob", "carol"} {
		salon(t, "secret\n", "user", "add", name+"@a.test", "--data", data).want(t, 0, "added", "")
	}
	p := serve(t, "--data", data)
	do := func(want string, args ...string) {
		t.Helper()
		salon(t, "", append(append([]string{"room"}, args...), "--data", data)...).want(t, 0, want, "")
	}
	do("created", "create", "hall")
	bob, carol := visitor(t, p, "bob"), visitor(t, p, "carol")
	const join = `"><x xmlns="http://jabber.org/protocol/muc"/></presence>`
	bob.expect(t, `<presence to="hall@conference.a.test/Bob`+join, "<subject", "</message>")
	carol.expect(t, `<presence to="hall@conference.a.test/Carol`+join, "<subject", "</message>")
	bob.expect(t, "", `hall@conference.a.test/Carol"`, "</presence>")

	do("2 inside", "list")
	r := salon(t, "", "room", "show", "hall", "--json", "--data", data)
	var d struct {
		Inside []struct {
			Nick, Role, Affiliation string
			JIDs                    []string
		}
	}
	if err := json.Unmarshal([]byte(r.out), &d); err != nil || len(d.Inside) != 2 || d.Inside[0].Nick != "Bob" ||
		d.Inside[0].JIDs[0] != "bob@a.test/r" || d.Inside[0].Role != "participant" || d.Inside[0].Affiliation != "none" {
		t.Errorf("%+v %v", d, err)
	}

	do("changed", "config", "hall", "whois=anyone")
	bob.expect(t, "", `<status code="172"/>`, "</message>")
	do("changed", "config", "hall", "enablearchiving=0", "roomname=Big")
	if got := bob.expect(t, "", `<status code="171"/>`, "</message>"); !strings.Contains(got, `<status code="104"/>`) {
		t.Error("no 104 in", got)
	}
	do("changed", "affiliate", "hall", "carol@a.test", "admin")
	if got := bob.expect(t, "", `affiliation="admin"`, "</presence>"); !strings.Contains(got, `role="moderator"`) {
		t.Error("no moderator in", got)
	}
	do("changed", "kick", "hall", "Carol", "--reason", "tea time")
	if got := bob.expect(t, "", `<status code="307"/>`, "</presence>"); !strings.Contains(got, "tea time") || !strings.Contains(got, "/Carol") {
		t.Error("no reason in", got)
	}
	carol.expect(t, "", `<status code="307"/>`, "</presence>")
	salon(t, "", "room", "kick", "hall", "Carol", "--data", data).want(t, 1, "", `nobody in hall@conference.a.test is called "Carol"`)
	carol.expect(t, `<presence to="hall@conference.a.test/Carol`+join, "<subject", "</message>")
	do("changed", "affiliate", "hall", "carol@a.test", "none")
	do("changed", "ban", "hall", "carol@a.test", "--reason", "enough")
	if got := carol.expect(t, "", `<status code="301"/>`, "</presence>"); !strings.Contains(got, "enough") {
		t.Error("no reason in", got)
	}
	bob.expect(t, "", `<status code="301"/>`, "</presence>")
	do("destroyed", "destroy", "hall", "--reason", "over", "--alternate", "lobby")
	if got := bob.expect(t, "", `<destroy`, "</presence>"); !strings.Contains(got, `jid="lobby@conference.a.test"`) || !strings.Contains(got, "over") {
		t.Error("no way on in", got)
	}
}

// visitor logs in to a server.
func visitor(t *testing.T, p *process, name string) *guest {
	t.Helper()
	g := &guest{name: name}
	if err := g.login(directTLS.FindStringSubmatch(p.greeting)[1], "SCRAM-SHA-256", ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.NetConn().Close() })
	return g
}

// expect sends, waits for a text, and returns the stanza that it is in, whose end is given.
func (g *guest) expect(t *testing.T, send, text, end string) string {
	t.Helper()
	before, err := g.ask(send, text)
	if err != nil {
		t.Fatal(err)
	}
	after, err := g.until(end)
	if err != nil {
		t.Fatal(err)
	}
	return before[max(0, strings.LastIndex(before, "<"+end[2:len(end)-1])):] + after
}
