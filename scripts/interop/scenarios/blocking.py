"""A blocked contact reaches nobody and sees nothing until unblocked (XEP-0191)."""

from slixmpp.xmlstream import ET

from salon import check

USERS = ["alice", "bob"]

BLOCKING = "{urn:xmpp:blocking}"


def change(client, what, *jids):
    iq = client.make_iq_set()
    element = ET.SubElement(iq.xml, BLOCKING + what)
    for jid in jids:
        ET.SubElement(element, BLOCKING + "item", jid=jid)
    return iq


async def blocked(client):
    iq = client.make_iq_get()
    ET.SubElement(iq.xml, BLOCKING + "blocklist")
    return {item.get("jid") for item in (await client.ask(iq)).xml.iter(BLOCKING + "item")}


async def run(salon):
    alice, bob = await salon.login("alice"), await salon.login("bob")
    check(await blocked(alice) == set(), "someone is blocked from the start")
    await alice.ask(change(alice, "block", "bob@localhost"))
    check(await blocked(alice) == {"bob@localhost"}, f"the list: {await blocked(alice)}")

    bob.say("alice@localhost", "hear me")
    await bob.message(sender="alice@localhost", condition="service-unavailable")
    alice.say("bob@localhost", "I do not want to")
    await alice.message(sender="bob@localhost", condition="not-acceptable")
    await alice.nothing_more("message")
    await bob.nothing_more("message")

    await alice.ask(change(alice, "unblock", "bob@localhost"))
    bob.say("alice@localhost", "and now?")
    await alice.message(sender=bob.boundjid.full, body="and now?")
