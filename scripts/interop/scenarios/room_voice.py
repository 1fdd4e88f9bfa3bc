"""A moderated room: a visitor asks for voice, a moderator grants it; the lists of those with voice and of moderators (XEP-0045 §7.13, §8)."""

from slixmpp.xmlstream import ET

from client import MUC, reason, refused, room_item
from salon import check

USERS = ["alice", "bob", "carol"]

REQUEST = "http://jabber.org/protocol/muc#request"


def asks(message):
    """Whether this is a form that asks a moderator to give somebody voice."""
    return message.xml.find("{jabber:x:data}x") is not None and message["form"].get_values().get("FORM_TYPE") in (REQUEST, [REQUEST])


def answer(client, room, message, allow):
    """Fills in the form and sends it back."""
    form = message["form"]
    form.reply()
    form.set_values({"muc#request_allow": allow})
    reply = client.make_message(room)
    reply.append(form)
    reply.send()


async def run(salon):
    alice, bob, carol = [await salon.login(name) for name in USERS]
    room = await alice.create_room("hall", "Alice", moderatedroom="1")
    own, _, _ = await bob.join(room, "Bob")
    check(room_item(own).get("role") == "visitor", f"{own}")
    await carol.join(room, "Carol")
    bob.say(room, "hello?", "groupchat")
    await bob.message(sender=room, condition="forbidden")

    for allow in (False, True):
        bob["xep_0045"].request_voice(room, "participant")
        asked = await alice.message(sender=room, where=asks)
        values = asked["form"].get_values()
        check(values["muc#roomnick"] == "Bob" and values["muc#jid"] == bob.boundjid.full, f"{asked}")
        answer(alice, room, asked, allow)
        if not allow:
            await bob.ping(f"{room}/Alice")
            await bob.nothing_more("presence", sender=f"{room}/Bob")
    await carol.becomes(f"{room}/Bob", role="participant")
    bob.say(room, "thank you", "groupchat")
    await carol.message(sender=f"{room}/Bob", body="thank you")

    rooms = alice["xep_0045"]
    check(await rooms.get_roles_list(room, "participant") == ["Bob"], "the list of those with voice")
    await refused(carol["xep_0045"].get_roles_list(room, "moderator"), "forbidden")
    await rooms.set_role(room, "Carol", "moderator", reason="she helps")
    made = await carol.becomes(f"{room}/Carol", role="moderator")
    check(reason(made) == "she helps", f"{made}")
    check(sorted(await rooms.get_roles_list(room, "moderator")) == ["Alice", "Carol"], "the list of moderators")
    await carol["xep_0045"].set_role(room, "Bob", "visitor")
    await bob.becomes(f"{room}/Bob", role="visitor")
    await refused(carol["xep_0045"].set_role(room, "Alice", "visitor"), "not-allowed")  # §8.4: of higher rank
    iq = alice.admin_item(room, nick="Carol", role="participant")  # §9.8: several at once; slixmpp 1.8.3 calls the role an affiliation
    ET.SubElement(iq.xml[0], f"{{{MUC}#admin}}item", nick="Bob", role="participant")
    await alice.ask(iq)
    await bob.becomes(f"{room}/Bob", role="participant")
    await carol.becomes(f"{room}/Carol", role="participant")
