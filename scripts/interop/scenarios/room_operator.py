"""`salon room` while slixmpp is inside: each command's answer, and what those inside see of it (docs/rooms.md)."""

import json

from client import MUC_USER, reason, room_item
from salon import ROOMS, check

USERS = ["alice", "bob"]

DESTROY = f"{{{MUC_USER}}}x/{{{MUC_USER}}}destroy"


async def run(salon):
    alice, bob = await salon.login("alice"), await salon.login("bob")
    hall = f"hall@{ROOMS}"

    def room(*args, code=0):
        return salon.cli("room", *args, code=code)

    def shown():
        return json.loads(room("show", "hall", "--json"))

    check(room("create", "hall", "--name", "The Hall", "--owner", "alice@localhost") == f"{hall} created\n", "create")
    check("exists already" in room("create", "hall", code=1), "a room is made twice")
    check(await bob.room_name(hall) == "The Hall", "the name")
    await alice.join(hall, "Alice")
    await bob.join(hall, "Bob")
    rooms = {r["jid"]: r for r in map(json.loads, room("list", "--json").splitlines())}
    check(rooms[hall]["occupants"] == 2 and rooms[hall]["persistent"], f"{rooms}")
    check("nowhere" in room("list", "--host", "nowhere", code=1), "a host that is not there")
    check({o["nick"]: o["role"] for o in shown()["inside"]} == {"Alice": "moderator", "Bob": "participant"}, f"{shown()}")

    room("config", "hall", "roomdesc=Tea at five", "whois=anyone", "keep=90d")
    for client in (alice, bob):
        await client.message(sender=hall, status_code=172)
    kept = {s["key"]: s["values"] for s in shown()["settings"]}
    check((kept["roomdesc"], kept["whois"], kept["keep"]) == (["Tea at five"], ["anyone"], ["90d"]), f"{kept}")
    for wrong, words in (("colour=red", "There is no field colour"), ("whois=me", "moderators, anyone"), ("moderatedroom=maybe", "1 or 0"),
                         ("slow_mode_duration=99999", "from 0 to 86400"), ("roomsecret=x", "--password-file")):
        check(words in room("config", "hall", "roomname=No", wrong, code=1), f"{words!r} is not in the answer to {wrong}")
    check(await bob.room_name(hall) == "The Hall", "a wrong setting was refused, and another one taken")
    await bob.nothing_more("message", sender=hall, status_code=104)

    room("affiliate", "hall", "bob@localhost", "admin", "--reason", "he helps")
    check(reason(await bob.becomes(f"{hall}/Bob", affiliation="admin", role="moderator")) == "he helps", "the reason")
    check("needs an owner" in room("affiliate", "hall", "alice@localhost", "none", code=1), "the last owner was taken away")
    room("affiliate", "hall", "bob@localhost", "none")
    await bob.becomes(f"{hall}/Bob", affiliation="none", role="participant")

    room("kick", "hall", "Bob", "--reason", "tea time")
    for client in (alice, bob):
        kicked = await client.presence(sender=f"{hall}/Bob", type="unavailable", status_code=307)
        check(reason(kicked) == "tea time" and room_item(kicked).find(f"{{{MUC_USER}}}actor") is None, f"{kicked}")
    check(json.loads(room("kick", "hall", "Bob", "--json", code=1))["kind"] == "missing", "somebody who is out is kicked")
    await bob.join(hall, "Bob")

    room("ban", "hall", "bob@localhost", "--reason", "enough")
    await bob.presence(sender=f"{hall}/Bob", type="unavailable", status_code=301)
    await bob.refused_entry(hall, "Bob", "forbidden")
    check({"jid": "bob@localhost", "affiliation": "outcast", "reason": "enough"}.items() <= shown()["affiliations"][-1].items(), f"{shown()}")
    room("affiliate", "hall", "bob@localhost", "none")
    await bob.join(hall, "Bob")

    secret = salon.dir / "secret"
    secret.write_text("s3cret\n")
    room("config", "hall", "--password-file", str(secret))
    check("s3cret" not in room("show", "hall"), "the password is shown")
    bob.send_presence(pto=f"{hall}/Bob", ptype="unavailable")
    await bob.presence(sender=f"{hall}/Bob", type="unavailable", status_code=110)
    await bob.refused_entry(hall, "Bob", "not-authorized")
    await bob.join(hall, "Bob", password="s3cret")

    room("destroy", "hall", "--reason", "we moved", "--alternate", "lobby")
    for client, nick in ((alice, "Alice"), (bob, "Bob")):
        told = (await client.presence(sender=f"{hall}/{nick}", type="unavailable", where=lambda p: p.xml.find(DESTROY) is not None)).xml.find(DESTROY)
        check(told.get("jid") == f"lobby@{ROOMS}" and told.findtext(f"{{{MUC_USER}}}reason") == "we moved", f"{told}")
    check("there is no room" in room("destroy", "hall", code=1), "a room is destroyed twice")
