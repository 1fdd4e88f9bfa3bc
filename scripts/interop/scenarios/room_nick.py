"""A nick belongs to one user, who may use it in several sessions and change it (XEP-0045 §7.2.8, §7.6)."""

from client import room_item
from salon import check

USERS = ["alice", "bob"]


async def run(salon):
    alice, bob = await salon.login("alice"), await salon.login("bob")
    room = await alice.create_room("names", "Alice")
    await bob.refused_entry(room, "Alice", "conflict")
    await bob.join(room, "Bob")

    bob.send_presence(pto=f"{room}/Alice")
    await bob.presence(sender=f"{room}/Alice", condition="conflict")
    bob.send_presence(pto=f"{room}/Robert")
    old = await bob.presence(sender=f"{room}/Bob", type="unavailable", status_code=303)
    check(room_item(old).get("nick") == "Robert", f"{old}")
    await bob.presence(sender=f"{room}/Robert", status_code=110)
    await alice.presence(sender=f"{room}/Bob", type="unavailable", status_code=303)
    await alice.presence(sender=f"{room}/Robert", type="")

    second = await salon.login("bob", resource="second")
    await second.join(room, "Robert")
    alice.say(room, "to both", "groupchat")
    for client in (bob, second):
        await client.message(sender=f"{room}/Alice", body="to both")
    await alice.nothing_more("presence", sender=f"{room}/Robert", type="unavailable")
