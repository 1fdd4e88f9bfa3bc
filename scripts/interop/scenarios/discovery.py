"""What a client asks after login: the features of server, account, conference service and room, time, version, uptime."""

from slixmpp.xmlstream import ET

from client import MUC
from salon import HOST, ROOMS, check

USERS = ["alice"]


def has(what, found, *wanted):
    missing = set(wanted) - found
    check(not missing, f"{what} lacks {missing}: {sorted(found)}")


def query(client, name, to=HOST):
    iq = client.make_iq_get(ito=to)
    iq.append(ET.Element(name))
    return iq


async def run(salon):
    alice = await salon.login("alice")
    identities, features = await alice.info(HOST)
    has("the server", identities, "server/im")
    has("the server", features, "http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/disco#items", "urn:xmpp:ping",
        "urn:xmpp:blocking", "urn:xmpp:carbons:2", "vcard-temp", "jabber:iq:version", "urn:xmpp:time", "jabber:iq:last")
    has("the server", await alice.items(HOST), ROOMS)
    identities, features = await alice.info("alice@localhost")
    has("the account", identities, "account/registered")
    identities, features = await alice.info(ROOMS)
    has("the conference service", identities, "conference/text")
    has("the conference service", features, MUC)
    identities, features = await alice.info(f"lobby@{ROOMS}")
    has("the lobby", identities, "conference/text")
    has("the lobby", features, MUC, "muc_public", "muc_open", "muc_unsecured", "muc_persistent")
    await alice.refused(query(alice, "{http://jabber.org/protocol/disco#info}query", f"none@{ROOMS}"), "item-not-found")

    await alice.ping()
    await alice.ping("alice@localhost")
    version = await alice.ask(query(alice, "{jabber:iq:version}query"))
    check(version.xml.findtext(".//{jabber:iq:version}name") == "Salon", f"{version}")
    time = await alice.ask(query(alice, "{urn:xmpp:time}time"))
    check(time.xml.findtext(".//{urn:xmpp:time}utc", "").endswith("Z"), f"{time}")
    await alice.ask(query(alice, "{jabber:iq:last}query"))
    await alice.refused(query(alice, "{urn:example:unknown}query"), "service-unavailable")
