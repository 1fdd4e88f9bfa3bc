"""The service lists its public rooms and hides the others (XEP-0045 §6.3)."""

from salon import ROOMS, check

USERS = ["alice", "bob"]


async def run(salon):
    alice, bob = await salon.login("alice"), await salon.login("bob")
    lobby = f"lobby@{ROOMS}"
    check(await bob.items(ROOMS) == {lobby}, f"the rooms of a new server: {await bob.items(ROOMS)}")
    shown = await alice.create_room("shown", "Alice", roomname="Shown")
    hidden = await alice.create_room("hidden", "Alice", publicroom="0")
    check(await bob.items(ROOMS) == {lobby, shown}, f"the list: {await bob.items(ROOMS)}")
    check("muc_hidden" in (await bob.info(hidden))[1], "a hidden room does not say so")
    await bob.join(hidden, "Bob")

    await alice.join(lobby, "Alice")
    alice.say(lobby, "anyone here?", "groupchat")
    await alice.message(sender=f"{lobby}/Alice", body="anyone here?")

    await alice.ask(alice.destroy(shown, "Closing"))
    await alice.presence(sender=f"{shown}/Alice", type="unavailable")
    check(await bob.items(ROOMS) == {lobby}, f"after destroying: {await bob.items(ROOMS)}")
