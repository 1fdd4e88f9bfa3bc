"""Make a room as a client with a dialog does: fetch its form, fill it in, submit it; the owner's next form has what was chosen (XEP-0045 §10.1.3)."""

from client import codes, refused
from salon import ROOMS, check

USERS = ["alice", "bob"]

CHOSEN = {
    "muc#roomconfig_roomname": "The Den", "muc#roomconfig_roomdesc": "Quiet", "muc#roomconfig_lang": "en",
    "muc#roomconfig_persistentroom": True, "muc#roomconfig_publicroom": True, "muc#roomconfig_moderatedroom": True,
    "muc#roomconfig_maxusers": "20", "muc#roomconfig_whois": "anyone", "muc#roomconfig_allowpm": "moderators",
    "muc#roomconfig_presencebroadcast": ["moderator", "participant"], "muc#roomconfig_slow_mode_duration": "5",
}


async def run(salon):
    alice, bob = await salon.login("alice"), await salon.login("bob")
    room = f"den@{ROOMS}"
    alice.enter(room, "Alice")
    await alice.presence(sender=f"{room}/Alice", status_code=201)
    rooms = alice["xep_0045"]

    form = await rooms.get_room_config(room)
    check(set(CHOSEN) <= set(form.get_fields()), f"the form lacks {set(CHOSEN) - set(form.get_fields())}")
    form.set_values(CHOSEN)
    await rooms.set_room_config(room, form)
    await alice.nothing_more("message", status_code=104)  # it was locked until now: there is nobody to tell

    bob.enter(room, "Bob")
    own = await bob.presence(sender=f"{room}/Bob", where=lambda p: 110 in codes(p))
    check(100 in codes(own), f"no status 100 where everyone sees the addresses: {own}")
    _, features = await bob.info(room)
    check({"muc_moderated", "muc_nonanonymous", "muc_persistent", "muc_public"} <= features, f"{features}")
    kept = (await rooms.get_room_config(room)).get_values()
    check({k: sorted(kept[k]) if isinstance(v, list) else kept[k] for k, v in CHOSEN.items()} == CHOSEN, f"the form now: {kept}")

    form = await rooms.get_room_config(room)
    form.set_values({"muc#roomconfig_whois": "moderators"})
    await rooms.set_room_config(room, form)
    await bob.message(sender=room, status_code=173)
    await rooms.set_room_config(room, await rooms.get_room_config(room))  # as it is
    await bob.nothing_more("message", status_code=104)

    form = await rooms.get_room_config(room)
    form.set_values({"muc#roomconfig_roomname": "Changed", "muc#roomconfig_maxusers": "many"})
    await refused(rooms.set_room_config(room, form), "not-acceptable")
    check(await bob.room_name(room) == "The Den", "a form that was refused has changed the room")
    await refused(bob["xep_0045"].get_room_config(room), "forbidden")

    other = f"other@{ROOMS}"
    alice.enter(other, "Alice")
    await alice.presence(sender=f"{other}/Alice", status_code=201)
    await rooms.get_room_config(other)
    await rooms.cancel_config(other)  # §10.1.3: the room is not made
    await alice.presence(sender=f"{other}/Alice", type="unavailable")
    check(other not in await bob.items(ROOMS), "a room that was never configured is listed")
