"""Kicks, bans and their lists, with reasons, one by one and many at once; by address and by domain (XEP-0045 §8.2, §9.1, §9.2, §9.5 to §9.8)."""

from client import reason, refused, room_item
from salon import ROOMS, check

USERS = ["alice", "bob", "carol"]


async def listed(client, room, affiliation):
    """The list with its reasons, which slixmpp's own method leaves out."""
    iq = client.make_iq_get("http://jabber.org/protocol/muc#admin", room)
    iq["mucadmin_query"]["item"]["affiliation"] = affiliation
    result = await iq.send()
    return {str(item["jid"]): item["reason"] for item in result["mucadmin_query"]}


async def run(salon):
    alice, bob, carol = [await salon.login(name) for name in USERS]
    room = await alice.create_room("court", "Alice", persistentroom="1")
    rooms = alice["xep_0045"]
    await bob.join(room, "Bob")
    await carol.join(room, "Carol")

    await refused(bob["xep_0045"].set_role(room, "Carol", "none"), "forbidden")
    await rooms.set_role(room, "Bob", "none", reason="too loud")
    for client in (bob, carol):
        kicked = await client.presence(sender=f"{room}/Bob", type="unavailable", status_code=307)
        check(reason(kicked) == "too loud", f"{kicked}")
        check(room_item(kicked).find("{http://jabber.org/protocol/muc#user}actor").get("nick") == "Alice", f"{kicked}")
    await bob.join(room, "Bob")

    await rooms.set_affiliation(room, "outcast", jid="bob@localhost", reason="enough")
    for client in (bob, carol):
        banned = await client.presence(sender=f"{room}/Bob", type="unavailable", status_code=301)
        check(reason(banned) == "enough" and room_item(banned).get("affiliation") == "outcast", f"{banned}")
    await bob.refused_entry(room, "Bob", "forbidden")
    await rooms.set_affiliation(room, "outcast", jid="spam.example", reason="spam")
    check(await listed(alice, room, "outcast") == {"bob@localhost": "enough", "spam.example": "spam"}, "the ban list")

    many = [f"member{n}@elsewhere.example" for n in range(100)]
    await rooms.send_affiliation_list(room, [(jid, "member") for jid in many])
    check(sorted(map(str, await rooms.get_affiliation_list(room, "member"))) == sorted(many), "the list of members")
    await rooms.send_affiliation_list(room, [(jid, "none") for jid in many[10:]] + [("bob@localhost", "none"), ("carol@localhost", "admin")])
    await carol.becomes(f"{room}/Carol", affiliation="admin", role="moderator")
    check(sorted(map(str, await rooms.get_affiliation_list(room, "member"))) == sorted(many[:10]), "the list of members after it")
    check(await listed(carol, room, "outcast") == {"spam.example": "spam"}, "Bob is still banned")
    await bob.join(room, "Bob")

    await refused(rooms.send_affiliation_list(room, [("new@localhost", "member"), ("alice@localhost", "none")]), "conflict")
    check(len(await rooms.get_affiliation_list(room, "member")) == 10, "a list that was refused is in force by half")
    await refused(bob["xep_0045"].get_affiliation_list(room, "outcast"), "forbidden")
    await refused(carol["xep_0045"].set_affiliation(room, "outcast", jid="alice@localhost"), "not-allowed")
    check([str(jid) for jid in await rooms.get_affiliation_list(room, "owner")] == ["alice@localhost"], "the owners")
    check(await alice.items(ROOMS) >= {room}, "the room is not listed")
