"""Make an instant room, talk in it, set its subject; who comes later gets history and subject (XEP-0045)."""

from client import delayed, room_item
from salon import check

USERS = ["alice", "bob"]


async def run(salon):
    alice, bob = await salon.login("alice"), await salon.login("bob")
    room = await alice.create_room("tea", "Alice")

    own, past, subject = await bob.join(room, "Bob")
    check(room_item(own).get("role") == "participant", f"{own}")
    check(past == [], f"history in a new room: {past}")
    await alice.presence(sender=f"{room}/Bob", type="")

    bob.say(room, "hello all", "groupchat")
    for client in (alice, bob):
        message = await client.message(sender=f"{room}/Bob", body="hello all", type="groupchat")
        check(not delayed(message), f"a delay on a fresh message: {message}")

    alice.make_message(room, msubject="Tea time", mtype="groupchat").send()
    for client in (alice, bob):
        await client.message(sender=f"{room}/Alice", subject="Tea time", type="groupchat")
    bob.say(room, "good subject", "groupchat")
    for client in (alice, bob):
        await client.message(sender=f"{room}/Bob", body="good subject")

    bob.say(f"{room}/Alice", "in private")
    await alice.message(sender=f"{room}/Bob", body="in private", type="chat")

    bob.send_presence(pto=f"{room}/Bob", ptype="unavailable")
    await bob.presence(sender=f"{room}/Bob", type="unavailable", status_code=110)
    await alice.presence(sender=f"{room}/Bob", type="unavailable")
    bob.say(room, "from outside", "groupchat")
    await bob.message(sender=room, condition="not-acceptable")

    _, past, subject = await bob.join(room, "Bobby")
    check([m["body"] for m in past] == ["hello all", "good subject"], f"history: {[str(m) for m in past]}")
    check(all(delayed(m) and m["from"] == f"{room}/Bob" for m in past), f"history: {[str(m) for m in past]}")
    check(subject["subject"] == "Tea time", f"{subject}")
    _, past, _ = await (await salon.login("bob", resource="second")).join(room, "Bobby", history={"maxstanzas": "1"})
    check([m["body"] for m in past] == ["good subject"], f"one line of history asked for: {[str(m) for m in past]}")
