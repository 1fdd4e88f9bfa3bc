// Package xmpptest starts a real Salon in process and drives it with scripted clients over real sockets and TLS.
//
//	s := xmpptest.Start(t)
//	alice := s.Dial("alice@example.test")
//	alice.Send(`<message to="bob@example.test" type="chat"><body>hello</body></message>`)
//
// Servers have SQLite, or with SALON_TEST_BACKEND=postgres a PostgreSQL database each (package pgtest). A barrier is a ping round trip (Client.Barrier), never a sleep. Only external test packages import it.
//
// # Scripts
//
// A script (testdata/script/*.txt, run by RunScripts) shows one behaviour in the words of the specification's examples:
//
//	# XEP-0045 §7.2.5: a room with a password refuses who does not say it
//	set rooms.history_stanzas: 5
//	alice: alice@example.test/phone, online
//	bob: bob@example.test/desk
//	alice opens room@conference.example.test as Alice
//		muc#roomconfig_passwordprotectedroom = 1
//		muc#roomconfig_roomsecret = open sesame
//	bob sends:
//		<presence to="room@conference.example.test/Bob"><x xmlns="http://jabber.org/protocol/muc"/></presence>
//	bob receives:
//		<presence type="error" from="room@conference.example.test/Bob">
//			<error type="auth"><not-authorized xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>
//		</presence>
//	alice receives nothing
//
// The first line is the title, with its §. `set KEY: VALUE` changes a setting (and `skip: WHY` skips the script). A line
// `NAME: ADDRESS[, STAGE]` makes a client and takes it as far as STAGE: away, raw (a connection), open (a stream header and
// features), direct (the same over direct TLS), encrypted (a connection after STARTTLS), secured (a stream there),
// authenticated, bound (the default), online (initial presence sent and answered), resumable (bound, with XEP-0198 resumption).
//
// Scripts of security/ run over each transport: starttls, direct, where a connection has TLS from its first byte, and clear,
// where the server asks for none. A line `over: starttls, direct` leaves out those that a script makes no sense over.
//
// Steps are one line, some with an indented block:
//
//	X sends:                      the block, as it is, with {names} replaced; an unknown one becomes a fresh random id. Of a
//	                              captured archive id, {row NAME} is the number of its row, {plain NAME} that without the cipher
//	X writes "go string" [N times]   raw bytes
//	X receives:                   the next stanzas are those of the block
//	X receives in any order:      the same, in any order
//	X receives in the end:        what comes before the block's one stanza is passed over
//	X receives nothing            proved by a barrier
//	X ignores the rest            the same barrier; what came is dropped
//	X connects [to STAGE] | disconnects | cuts | resumes | opens the stream | secures | authenticates with MECHANISM | binds RESOURCE
//	X creates ROOM as NICK        the room stays locked
//	X opens ROOM as NICK          creates and configures it; the block has `field = value` lines
//	X joins ROOM as NICK          up to the subject; who is inside sees the presence
//	X's stream ends [with: CONDITION]
//	server restarts
//
// A pattern's element must have the name, the attributes given ({any}: any value; {none}: absent; {name}: captured at first
// and the same from then on; {!name}: any other than that) and the text. A stanza that has a `type` must have it in the pattern. Children are exactly those
// of the pattern, in any order, unless the pattern has `…` among them. Passed over unless named: the one stanza-id of a
// stored message, but none with the id "forged"; the one occupant-id of what an occupant of a room says or does; the text in
// an error, and what an error stanza brings back; the requests and answers of XEP-0198.
package xmpptest
