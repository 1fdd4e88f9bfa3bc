"""Messages are taken back by their author (XEP-0424) and by a moderator (XEP-0425): tombstones in history and archive. slixmpp 1.8.3
knows the drafts of both alone, so the requests are written by hand."""

from slixmpp.xmlstream import ET

from salon import check, poll

USERS = ["alice", "bob", "carol"]

RETRACT = "{urn:xmpp:message-retract:1}"
MODERATE = "{urn:xmpp:message-moderate:1}"


async def said(client, room, nick, body):
    """Waits for a message; returns its id, and the id that the room gave it."""
    message = await client.message(sender=f"{room}/{nick}", body=body)
    return message["id"], message["stanza_id"]["id"]


def retraction(client, room, id):
    message = client.make_message(room, mtype="groupchat")
    message["id"] = client.new_id()
    message.append(ET.Element(RETRACT + "retract", id=id))
    return message


def moderation(client, room, id, reason):
    iq = client.make_iq_set(ito=room)
    moderate = ET.SubElement(iq.xml, MODERATE + "moderate", id=id)
    ET.SubElement(moderate, RETRACT + "retract")
    ET.SubElement(moderate, MODERATE + "reason").text = reason
    return iq


def tombstone(message):
    return message.xml.find(RETRACT + "retracted")


async def run(salon):
    alice, bob = await salon.login("alice"), await salon.login("bob")
    room = await alice.create_room("talk", "Alice", persistentroom="1")
    _, features = await bob.info(room)
    check({"urn:xmpp:message-moderate:1", "urn:xmpp:message-retract:1#tombstone"} <= features, f"{features}")
    await bob.join(room, "Bob")
    ids = {}
    for body in ("my mistake", "buy my potions", "a good word"):
        bob.say(room, body, "groupchat")
        ids[body] = await said(alice, room, "Bob", body)
        await said(bob, room, "Bob", body)

    retraction(bob, room, ids["my mistake"][1]).send()
    told = await alice.message(sender=f"{room}/Bob", where=lambda m: m.xml.find(RETRACT + "retract") is not None)
    check(told.xml.find(RETRACT + "retract").get("id") == ids["my mistake"][1], f"{told}")

    await bob.refused(moderation(bob, room, ids["a good word"][1], "no"), "forbidden")
    await alice.refused(moderation(alice, room, "nothing", "no"), "item-not-found")
    await alice.ask(moderation(alice, room, ids["buy my potions"][1], "no advertising"))
    told = await bob.message(sender=room, where=lambda m: m.xml.find(RETRACT + "retract") is not None)
    retract = told.xml.find(RETRACT + "retract")
    check(retract.get("id") == ids["buy my potions"][1], f"{told}")
    check(retract.find(MODERATE + "moderated").get("by") == f"{room}/Alice", f"{told}")
    check(retract.findtext(RETRACT + "reason") == "no advertising", f"{told}")

    carol = await salon.login("carol")
    _, past, _ = await carol.join(room, "Carol")
    check([m["body"] for m in past if tombstone(m) is None and m["body"]] == ["a good word"], f"the history: {[str(m) for m in past]}")
    check(len([m for m in past if tombstone(m) is not None]) == 2, f"the history: {[str(m) for m in past]}")
    archive = [r["mam_result"] async for r in carol["xep_0313"].iterate(jid=room, rsm={"max": 2})]
    words = [r["forwarded"]["stanza"]["body"] for r in archive]
    check([w for w in words if w] == ["a good word"], f"the archive: {words}")
    stones = {r["id"]: tombstone(r["forwarded"]["stanza"]) for r in archive}
    for body in ("my mistake", "buy my potions"):
        check(stones[ids[body][1]] is not None, f"no tombstone for {body!r}")
    check(b"a good word" in database(salon), "the files of the database are others")
    poll(lambda: b"buy my potions" not in database(salon), "the words of a moderated message to leave the disk")


def database(salon):
    """All bytes of the database, its log included."""
    return b"".join(path.read_bytes() for path in salon.data.glob("salon.db*"))
