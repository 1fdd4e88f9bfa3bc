"""Two users become contacts, see each other come and go, and part again (RFC 6121 §3)."""

from slixmpp.xmlstream import ET

from salon import check

USERS = ["alice", "bob"]


async def roster(client):
    """The subscription and the name of each contact."""
    result = await client.ask(client.make_iq_get("jabber:iq:roster"))
    return {i.get("jid"): (i.get("subscription"), i.get("name")) for i in result.xml.iter("{jabber:iq:roster}item")}


def item(client, jid, **attributes):
    iq = client.make_iq_set()
    query = ET.SubElement(iq.xml, "{jabber:iq:roster}query")
    ET.SubElement(query, "{jabber:iq:roster}item", jid=jid, **attributes)
    return iq


async def run(salon):
    alice, bob = await salon.login("alice"), await salon.login("bob")

    await alice.ask(item(alice, "bob@localhost", name="Bob"))
    check(await roster(alice) == {"bob@localhost": ("none", "Bob")}, f"after adding: {await roster(alice)}")

    alice.send_presence_subscription("bob@localhost", ptype="subscribe")
    await bob.presence(sender="alice@localhost", type="subscribe")
    bob.send_presence_subscription("alice@localhost", ptype="subscribed")
    await alice.presence(sender="bob@localhost", type="subscribed")
    await alice.presence(sender=bob.boundjid.full, type="")

    bob.send_presence_subscription("alice@localhost", ptype="subscribe")
    await alice.presence(sender="bob@localhost", type="subscribe")
    alice.send_presence_subscription("bob@localhost", ptype="subscribed")
    await bob.presence(sender="alice@localhost", type="subscribed")
    await bob.presence(sender=alice.boundjid.full, type="")
    check(await roster(alice) == {"bob@localhost": ("both", "Bob")}, f"Alice's roster: {await roster(alice)}")
    check((await roster(bob))["alice@localhost"][0] == "both", f"Bob's roster: {await roster(bob)}")

    bob.send_presence(pshow="away", pstatus="tea")
    away = await alice.presence(sender=bob.boundjid.full, show="away")
    check(away["status"] == "tea", f"{away}")
    bob.send_presence(pshow="away", pstatus="more tea")
    await alice.presence(sender=bob.boundjid.full, show="away")
    await bob.leave()
    await alice.presence(sender=bob.boundjid.full, type="unavailable")

    bob = await salon.login("bob")
    await bob.presence(sender=alice.boundjid.full, type="")  # by a probe at login
    await alice.presence(sender=bob.boundjid.full, type="")

    await alice.ask(item(alice, "bob@localhost", subscription="remove"))
    await bob.presence(sender="alice@localhost", type="unsubscribed")
    check(await roster(alice) == {}, f"after removing: {await roster(alice)}")
    check((await roster(bob))["alice@localhost"][0] == "none", f"Bob's roster after it: {await roster(bob)}")
