"""A nickname is registered with a room, kept from others and looked up (XEP-0045 §7.10, §7.12)."""

from slixmpp.xmlstream import ET

from client import add_field
from salon import check

USERS = ["alice", "bob", "carol"]

REGISTER = "http://jabber.org/protocol/muc#register"


def form(client, room, nick):
    """slixmpp's plugin registers accounts alone: the form of a room is submitted by hand."""
    iq = client.make_iq_set(ito=room)
    query = ET.SubElement(iq.xml, "{jabber:iq:register}query")
    x = ET.SubElement(query, "{jabber:x:data}x", type="submit")
    add_field(x, "FORM_TYPE", REGISTER)
    add_field(x, "muc#register_roomnick", nick)
    return iq


async def run(salon):
    alice, bob, carol = [await salon.login(name) for name in USERS]
    room = await alice.create_room("club", "Alice", persistentroom="1")
    await alice["xep_0045"].set_affiliation(room, "member", jid="bob@localhost")

    wanted = (await bob["xep_0077"].get_registration(jid=room))["register"]["form"]
    check("muc#register_roomnick" in wanted.get_fields(), f"{wanted}")
    await bob.ask(form(bob, room, "Bobby"))
    again = await bob["xep_0077"].get_registration(jid=room)
    check(again.xml.find(".//{jabber:iq:register}registered") is not None, f"{again}")
    check(again.xml.findtext(".//{jabber:iq:register}username") == "Bobby", f"{again}")

    await carol.refused_entry(room, "Bobby", "conflict")  # §7.2.8, while Bob is away
    await carol.join(room, "Carol")
    carol.send_presence(pto=f"{room}/Bobby")
    await carol.presence(sender=f"{room}/Bobby", condition="conflict")
    await carol.refused(form(carol, room, "Carol"), "not-allowed")  # she is no member
    await alice.refused(form(alice, room, "Bobby"), "conflict")

    mine = await bob["xep_0030"].get_info(room, node="x-roomuser-item")  # §7.12
    check([i[3] for i in mine["disco_info"]["identities"]] == ["Bobby"], f"{mine}")
    items = await alice["xep_0045"].get_affiliation_list(room, "member")
    check([str(jid) for jid in items] == ["bob@localhost"], f"{items}")
    await bob.join(room, "Bobby")
    await carol.presence(sender=f"{room}/Bobby", type="")

    bob.send_presence(pto=f"{room}/Bobby", ptype="unavailable")
    await carol.presence(sender=f"{room}/Bobby", type="unavailable")
    await bob["xep_0077"].cancel_registration(jid=room)
    mine = await bob["xep_0030"].get_info(room, node="x-roomuser-item")
    check("Bobby" not in [i[3] for i in mine["disco_info"]["identities"]], f"{mine}")
    carol.send_presence(pto=f"{room}/Bobby")  # now it is free
    await carol.presence(sender=f"{room}/Bobby", status_code=110)
