"""Make a room with a name and a password, for good, by its form; the password is asked for (XEP-0045 §10.1.3, §7.2.5)."""

from client import codes
from salon import ROOMS, check

USERS = ["alice", "bob"]


async def run(salon):
    alice, bob = await salon.login("alice"), await salon.login("bob")
    room = f"den@{ROOMS}"
    alice.enter(room, "Alice")
    check(201 in codes(await alice.presence(sender=f"{room}/Alice", status_code=110)), "no status 201")
    await bob.refused_entry(room, "Bob", "item-not-found")  # locked until it is configured, §7.2.10

    form = await alice.ask(alice.owner_query(room, "get"))
    fields = {f.get("var") for f in form.xml.iter("{jabber:x:data}field")}
    for name in ("roomname", "roomdesc", "publicroom", "persistentroom", "passwordprotectedroom", "roomsecret", "membersonly",
                 "moderatedroom", "whois"):
        check(f"muc#roomconfig_{name}" in fields, f"the form has no field {name}: {fields}")
    await alice.configure(room, roomname="The Den", roomdesc="Quiet", persistentroom="1", passwordprotectedroom="1", roomsecret="s3cret")

    identities, features = await bob.info(room)
    check("conference/text" in identities, f"{identities}")
    for feature in ("muc_passwordprotected", "muc_persistent", "muc_public", "muc_open"):
        check(feature in features, f"{feature} is not in {features}")
    check(await bob.room_name(room) == "The Den", f"the room is called {await bob.room_name(room)}")

    await bob.refused_entry(room, "Bob", "not-authorized")
    await bob.refused_entry(room, "Bob", "not-authorized", password="guess")
    await bob.join(room, "Bob", password="s3cret")
    await alice.presence(sender=f"{room}/Bob", type="")

    for client in (bob, alice):
        client.send_presence(pto=f"{room}/x", ptype="unavailable")
        await client.presence(type="unavailable", status_code=110)
    await bob.refused_entry(room, "Bob", "not-authorized")  # it stays though all left
    await bob.join(room, "Bob", password="s3cret")

    await bob.refused(bob.owner_query(room, "get"), "forbidden")
    await bob.ping(f"{room}/Bob")  # XEP-0410: still in
