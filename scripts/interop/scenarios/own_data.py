"""What users keep on the server: vCards that others may read, and bookmarks of their own (XEP-0054, XEP-0049, XEP-0048)."""

from slixmpp.xmlstream import ET

from salon import check

USERS = ["alice", "bob"]


def with_child(iq, child):
    iq.xml.append(child)
    return iq


def private(iq, child):
    query = ET.SubElement(iq.xml, "{jabber:iq:private}query")
    query.append(child)
    return iq


async def run(salon):
    alice, bob = await salon.login("alice"), await salon.login("bob")

    card = ET.Element("{vcard-temp}vCard")
    ET.SubElement(card, "{vcard-temp}FN").text = "Alice Liddell"
    await alice.ask(with_child(alice.make_iq_set(), card))
    for client, to in ((alice, None), (bob, "alice@localhost")):
        result = await client.ask(with_child(client.make_iq_get(ito=to), ET.Element("{vcard-temp}vCard")))
        check(result.xml.findtext(".//{vcard-temp}FN") == "Alice Liddell", f"{result}")

    bookmarks = ET.Element("{storage:bookmarks}storage")
    ET.SubElement(bookmarks, "{storage:bookmarks}conference", jid="lobby@conference.localhost", autojoin="true", name="Lobby")
    empty = await alice.ask(private(alice.make_iq_get(), ET.Element("{storage:bookmarks}storage")))
    check(empty.xml.find(".//{storage:bookmarks}conference") is None, f"{empty}")
    await alice.ask(private(alice.make_iq_set(), bookmarks))
    await alice.leave()
    alice = await salon.login("alice")
    kept = await alice.ask(private(alice.make_iq_get(), ET.Element("{storage:bookmarks}storage")))
    room = kept.xml.find(".//{storage:bookmarks}conference")
    check(room is not None and room.get("jid") == "lobby@conference.localhost", f"{kept}")
    own = await bob.ask(private(bob.make_iq_get(), ET.Element("{storage:bookmarks}storage")))
    check(own.xml.find(".//{storage:bookmarks}conference") is None, f"Bob sees Alice's bookmarks: {own}")
