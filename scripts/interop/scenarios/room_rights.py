"""Kick and ban, voice in a moderated room, members only (XEP-0045 §8 and §9)."""

from client import room_item
from salon import check

USERS = ["alice", "bob", "carol"]


async def run(salon):
    alice, bob, carol = [await salon.login(name) for name in USERS]
    room = await alice.create_room("court", "Alice")
    await carol.join(room, "Carol")
    await bob.join(room, "Bob")

    await bob.refused(bob.admin_item(room, nick="Carol", role="none"), "forbidden")
    await alice.ask(alice.admin_item(room, nick="Bob", role="none", reason="Too loud"))
    kicked = await bob.presence(sender=f"{room}/Bob", type="unavailable", status_code=307)
    check(room_item(kicked).findtext("{http://jabber.org/protocol/muc#user}reason") == "Too loud", f"{kicked}")
    await carol.presence(sender=f"{room}/Bob", type="unavailable", status_code=307)
    await bob.join(room, "Bob")  # a kick is no ban

    await alice.ask(alice.admin_item(room, jid="bob@localhost", affiliation="outcast"))
    banned = await bob.presence(sender=f"{room}/Bob", type="unavailable", status_code=301)
    check(room_item(banned).get("affiliation") == "outcast", f"{banned}")
    await carol.presence(sender=f"{room}/Bob", type="unavailable", status_code=301)
    await bob.refused_entry(room, "Bob", "forbidden")
    await alice.ask(alice.admin_item(room, jid="bob@localhost", affiliation="none"))
    await bob.join(room, "Bob")

    await alice.ask(alice.admin_item(room, nick="Bob", role="visitor"))
    check(room_item(await bob.presence(sender=f"{room}/Bob", where=lambda p: room_item(p).get("role") == "visitor")) is not None, "")
    await alice.configure(room, moderatedroom="1")
    bob.say(room, "may I?", "groupchat")
    await bob.message(sender=room, condition="forbidden")
    await alice.ask(alice.admin_item(room, nick="Bob", role="participant"))
    await bob.presence(sender=f"{room}/Bob", where=lambda p: room_item(p).get("role") == "participant")
    bob.say(room, "thanks", "groupchat")
    await carol.message(sender=f"{room}/Bob", body="thanks")

    await alice.ask(alice.admin_item(room, jid="carol@localhost", affiliation="member"))
    await carol.presence(sender=f"{room}/Carol", where=lambda p: room_item(p).get("affiliation") == "member")
    await alice.configure(room, membersonly="1")
    await bob.presence(sender=f"{room}/Bob", type="unavailable", status_code=322)
    await bob.refused_entry(room, "Bob", "registration-required")
    await alice.ask(alice.admin_item(room, jid="bob@localhost", affiliation="owner"))
    await bob.join(room, "Bob")
    await bob.ask(bob.owner_query(room, "get"))
