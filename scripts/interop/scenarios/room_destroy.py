"""A room is destroyed: all are told why and where to go instead, also who comes later, and only its owner may bring it back (XEP-0045 §10.9)."""

from client import MUC_USER, codes, refused
from salon import ROOMS, check

USERS = ["alice", "bob", "carol"]

GONE = "{urn:ietf:params:xml:ns:xmpp-stanzas}gone"


async def run(salon):
    alice, bob, carol = [await salon.login(name) for name in USERS]
    room = await alice.create_room("den", "Alice", persistentroom="1", roomname="The Den")
    lobby = f"lobby@{ROOMS}"
    await bob.join(room, "Bob")
    bob.say(room, "a secret", "groupchat")
    await alice.message(sender=f"{room}/Bob", body="a secret")
    await refused(bob["xep_0045"].destroy(room), "forbidden")

    await alice["xep_0045"].destroy(room, reason="we moved", altroom=lobby)
    for client, nick in ((alice, "Alice"), (bob, "Bob")):
        told = await client.presence(sender=f"{room}/{nick}", type="unavailable")
        destroy = told.xml.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}destroy")
        check(destroy is not None and destroy.get("jid") == lobby, f"{told}")
        check(destroy.findtext(f"{{{MUC_USER}}}reason") == "we moved", f"{told}")
    check(await bob.items(ROOMS) == {lobby}, "it is listed still")

    for time in ("at once", "after a restart"):
        for client, nick in ((bob, "Bob"), (carol, "Carol")):
            error = await client.refused_entry(room, nick, "gone")
            check(error.xml.findtext(f".//{GONE}") == f"xmpp:{lobby}?join", f"{error}")
            await refused(client["xep_0030"].get_info(room), "gone")
            check("we moved" in error["error"]["text"] and lobby in error["error"]["text"], f"{error}")
        if time == "at once":
            await salon.close_clients()
            salon.stop()
            salon.start()
            alice, bob, carol = [await salon.login(name) for name in USERS]

    alice.enter(room, "Alice")
    back = await alice.presence(sender=f"{room}/Alice", where=lambda p: 110 in codes(p))
    check(201 in codes(back), f"the owner makes it anew: {back}")
    await alice.configure(room)
    _, past, _ = await bob.join(room, "Bob")
    check(past == [], f"the old room's history: {[str(m) for m in past]}")
    talk = [r async for r in bob["xep_0313"].iterate(jid=room)]
    check(talk == [], f"the old room's archive: {talk}")
