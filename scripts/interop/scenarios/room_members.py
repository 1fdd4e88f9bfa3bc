"""A members-only room: a member invites through the room, the guest comes, or declines with a reason (XEP-0045 §7.8, §9.3)."""

from client import MUC_USER, reason, room_item
from salon import check

USERS = ["alice", "bob", "carol", "dave"]

X = f"{{{MUC_USER}}}x/{{{MUC_USER}}}"


def invitation(message):
    return message.xml.find(X + "invite")


async def run(salon):
    alice, bob, carol, dave = [await salon.login(name) for name in USERS]
    room = await alice.create_room("club", "Alice", membersonly="1", allowinvites="1", persistentroom="1")
    await bob.refused_entry(room, "Bob", "registration-required")
    await alice["xep_0045"].set_affiliation(room, "member", jid="bob@localhost", reason="a friend")
    await bob.message(sender=room, where=lambda m: invitation(m) is not None)  # §9.3: who becomes a member is invited
    await bob.join(room, "Bob")
    await alice.becomes(f"{room}/Bob", affiliation="member", role="participant")

    bob["xep_0045"].invite(room, "carol@localhost", "come in")
    asked = await carol.message(sender=room, where=lambda m: invitation(m) is not None)
    check(invitation(asked).get("from", "").startswith((f"{room}/Bob", "bob@localhost")), f"{asked}")
    check(invitation(asked).findtext(f"{{{MUC_USER}}}reason") == "come in", f"{asked}")
    own, _, _ = await carol.join(room, "Carol")
    check(room_item(own).get("affiliation") == "member", f"an invitation makes a member, §7.8.2: {own}")

    bob["xep_0045"].invite(room, "dave@localhost")
    asked = await dave.message(sender=room, where=lambda m: invitation(m) is not None)
    dave["xep_0045"].decline(room, invitation(asked).get("from"), "too busy")
    declined = await bob.message(where=lambda m: m.xml.find(X + "decline") is not None)
    check(declined.xml.find(X + "decline").get("from").startswith("dave@localhost"), f"{declined}")
    check(declined.xml.find(X + "decline").findtext(f"{{{MUC_USER}}}reason") == "too busy", f"{declined}")
    check(declined["from"] == room, f"{declined}")

    alice["xep_0249"].send_invitation("dave@localhost", room, reason="please")  # XEP-0249: not through the room
    direct = await dave.message(where=lambda m: m.xml.find("{jabber:x:conference}x") is not None and not m["from"].bare == room)
    check(direct["groupchat_invite"]["jid"] == room and direct["groupchat_invite"]["reason"] == "please", f"{direct}")

    await alice["xep_0045"].set_affiliation(room, "none", jid="carol@localhost", reason="the season is over")
    gone = await carol.presence(sender=f"{room}/Carol", type="unavailable", status_code=321)
    check(reason(gone) == "the season is over", f"{gone}")
    await carol.refused_entry(room, "Carol", "registration-required")

    carol["xep_0045"].invite(room, "dave@localhost")  # from outside
    await carol.message(sender=room, type="error")
    await dave.nothing_more("message")
