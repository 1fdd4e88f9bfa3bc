package muc_test

import "testing"

func register(nick string) string {
	return `<iq type='set' id='reg' to='` + roomJID + `'><query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>` +
		`<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>` +
		`<field var='muc#register_roomnick'><value>` + nick + `</value></field></x></query></iq>`
}

// XEP-0045 §7.10, §7.12: a member keeps a nick for itself.
func TestRegisterNick(t *testing.T) {
	w, anna, ben, carl := three(t)
	const get = `<query xmlns='jabber:iq:register'/>`
	w.want(carl.ask(roomJID, get), `not-allowed`)
	anna.configure("persistentroom=1")
	anna.affiliate("ben@"+host, "member")
	ben.sync()
	w.want(ben.ask(roomJID, get), `muc#register_roomnick`)
	for nick, condition := range map[string]string{"C": `conflict`, " ": `not-acceptable`} {
		ben.say(register(nick))
		w.want(ben.sync(), `id="reg"`, condition)
	}
	ben.say(register("Benedict"))
	w.want(ben.sync(), `id="reg"`, `type="result"`)
	w.want(ben.ask(roomJID, get), `<registered/>`, `<username>Benedict</username>`)
	w.want(ben.ask(roomJID, `<query xmlns='http://jabber.org/protocol/disco#info' node='x-roomuser-item'/>`), `name="Benedict"`)
	w.restart()
	anna, ben, carl = w.dial("anna"), w.dial("ben"), w.dial("carl")
	w.want(carl.enter("Benedict"), `conflict`)
	w.want(ben.enter("Benedict"), `code="110"`)
	anna.enter("A")
	w.want(anna.affiliate("ben@"+host, "admin"), `type="result"`)
	w.want(ben.ask(roomJID, get), `<username>Benedict</username>`) // it survives a change of affiliation
	ben.say(`<iq type='set' id='reg' to='` + roomJID + `'><query xmlns='jabber:iq:register'><remove/></query></iq>`)
	ben.say(`<presence type='unavailable' to='` + roomJID + `/Benedict'/>`)
	ben.sync()
	w.want(carl.enter("Benedict"), `code="110"`)
	anna.affiliate("ben@"+host, "outcast")
	w.want(ben.ask(roomJID, get), `not-allowed`)
}
