"""A client asks whether it is still in the room, and is told at once (XEP-0410)."""

from salon import check

USERS = ["alice", "bob"]

PING = "http://jabber.org/protocol/muc#self-ping-optimization"


def ping(client, to):
    iq = client.make_iq_get(ito=to)
    iq.enable("ping")
    return iq


async def run(salon):
    alice, bob = await salon.login("alice"), await salon.login("bob")
    room = await alice.create_room("tea", "Alice", persistentroom="1")
    _, features = await bob.info(room)
    check(PING in features, f"{features}")

    await bob.refused(ping(bob, f"{room}/Bob"), "not-acceptable")  # not in yet
    await bob.join(room, "Bob")
    await bob["xep_0199"].ping(f"{room}/Bob", timeout=10)
    await bob.refused(ping(bob, f"{room}/Nobody"), "item-not-found")

    bob.send_presence(pto=f"{room}/Robert")
    await bob.presence(sender=f"{room}/Robert", status_code=110)
    await bob["xep_0199"].ping(f"{room}/Robert", timeout=10)

    await alice["xep_0045"].set_role(room, "Robert", "none")
    await bob.presence(sender=f"{room}/Robert", type="unavailable", status_code=307)
    await bob.refused(ping(bob, f"{room}/Robert"), "not-acceptable")
    await bob.join(room, "Robert")

    second = await salon.login("bob", resource="second")  # which is not in, under a nick of its own account
    await second.refused(ping(second, f"{room}/Robert"), "not-acceptable")
    await bob["xep_0199"].ping(f"{room}/Robert", timeout=10)
