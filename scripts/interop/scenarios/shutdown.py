"""SIGTERM tells the clients, ends at once, and what was said is there after the next start."""

from salon import check

USERS = ["alice", "bob"]

STREAMS = "{urn:ietf:params:xml:ns:xmpp-streams}"


async def run(salon):
    alice = await salon.login("alice")
    room = await alice.create_room("kept", "Alice", roomname="Kept", persistentroom="1", passwordprotectedroom="1", roomsecret="s3cret")
    alice.make_message(room, msubject="For good", mtype="groupchat").send()
    alice.say(room, "to all", "groupchat")
    await alice.message(sender=f"{room}/Alice", body="to all")
    alice.say("bob@localhost", "for later")
    await alice.ping()

    errors = []
    alice.add_event_handler("stream_error", errors.append)
    salon.stop()
    await alice.closed()
    check(errors and errors[0].xml.find(STREAMS + "system-shutdown") is not None, f"the stream ended with {[str(e) for e in errors]}")
    salon.clients.clear()

    salon.start()
    bob = await salon.login("bob")
    await bob.message(body="for later")
    await bob.refused_entry(room, "Bob", "not-authorized")
    _, past, subject = await bob.join(room, "Bob", password="s3cret")
    check([m["body"] for m in past] == ["to all"], f"history: {[str(m) for m in past]}")
    check(subject["subject"] == "For good", f"{subject}")
    check(await bob.room_name(room) == "Kept", f"the room is called {await bob.room_name(room)}")
