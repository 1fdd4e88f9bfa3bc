"""The connection is cut under a session; it resumes, and nothing is lost or doubled (XEP-0198)."""

from salon import check

USERS = ["alice", "bob"]


async def exchange(alice, bob, room, interrupt, tag):
    """Both talk while interrupt takes Alice's connection away and she comes back."""
    bob.say("alice@localhost", f"{tag} before")
    await alice.message(body=f"{tag} before")
    alice.say("bob@localhost", f"{tag} from her")
    await alice.ping()
    sent = alice["xep_0198"].seq
    interrupt()
    for n in range(5):
        bob.say("alice@localhost", f"{tag} {n}")
        bob.say(room, f"{tag} room {n}", "groupchat")
    for n in range(5):
        await bob.message(sender=f"{room}/Bob", body=f"{tag} room {n}")
    alice.say("bob@localhost", f"{tag} written meanwhile")
    end = await alice.negotiate()
    check(end == "session_resumed", f"{tag}: {end} instead of session_resumed")
    check(alice.last["h"] == sent, f"{tag}: the server has seen {alice.last['h']} of {sent} stanzas")
    for n in range(5):
        message = await alice.message(sender=bob.boundjid.full)
        check(message["body"] == f"{tag} {n}", f"{message['body']} came in place of {tag} {n}")
        message = await alice.message(sender=f"{room}/Bob")
        check(message["body"] == f"{tag} room {n}", f"{message['body']} came in place of {tag} room {n}")
    await bob.message(sender=alice.boundjid.full, body=f"{tag} from her")
    await bob.message(sender=alice.boundjid.full, body=f"{tag} written meanwhile")
    await alice.ping()
    for client in (alice, bob):
        await client.nothing_more("message")
    await bob.nothing_more("presence", type="unavailable")


async def run(salon):
    alice, bob = await salon.login("alice"), await salon.login("bob")
    room = await bob.create_room("tea", "Bob")
    await alice.join(room, "Alice")
    await bob.ping()
    check(alice["xep_0198"].sm_id, "the server does not offer resumption")
    full = alice.boundjid.full
    await exchange(alice, bob, room, alice.cut, "cut")  # the server learns of it
    await exchange(alice, bob, room, alice.vanish, "gone")  # the server still has the old connection
    check(alice.boundjid.full == full, f"{full} became {alice.boundjid.full}")
    await alice.join(room, "Alice")
    alice.say(room, "still here", "groupchat")
    await bob.message(sender=f"{room}/Alice", body="still here")
