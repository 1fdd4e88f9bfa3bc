"""What one session sends or receives, the user's others see as carbon copies (XEP-0280)."""

from slixmpp.xmlstream import ET

from salon import check

USERS = ["alice", "bob"]

CARBONS = "{urn:xmpp:carbons:2}"
PATH = "/{urn:xmpp:forward:0}forwarded/{jabber:client}message"


async def copy(client, way):
    """The message inside the next carbon copy."""
    message = await client.message(sender="alice@localhost", where=lambda m: m.xml.find(CARBONS + way) is not None)
    return message.xml.find(CARBONS + way + PATH)


async def run(salon):
    phone, laptop = await salon.login("alice", resource="phone"), await salon.login("alice", resource="laptop")
    bob = await salon.login("bob")
    for client in (phone, laptop):
        await client.ask(client.make_iq_set(ET.Element(CARBONS + "enable")))

    bob.say(phone.boundjid.full, "to the phone")
    await phone.message(sender=bob.boundjid.full, body="to the phone")
    inner = await copy(laptop, "received")
    check(inner.findtext("{jabber:client}body") == "to the phone", "another message in the copy")
    check(inner.get("from") == bob.boundjid.full and inner.get("to") == phone.boundjid.full, f"{inner.attrib}")

    laptop.say("bob@localhost", "from the laptop")
    await bob.message(sender=laptop.boundjid.full, body="from the laptop")
    inner = await copy(phone, "sent")
    check(inner.findtext("{jabber:client}body") == "from the laptop", "another message in the copy")

    await laptop.nothing_more("message", type="chat")
    await phone.nothing_more("message", type="chat")

