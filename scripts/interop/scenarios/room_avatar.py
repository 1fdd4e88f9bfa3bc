"""An owner gives the room a picture by its vCard; who is inside and who enters is told of it (XEP-0486, XEP-0054, XEP-0153)."""

import hashlib

from client import refused
from salon import check

USERS = ["alice", "bob", "carol"]

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
HASH = hashlib.sha1(PICTURE).hexdigest()


def photo(presence):
    """The hash of the picture in a presence."""
    return presence.xml.findtext("{vcard-temp:x:update}x/{vcard-temp:x:update}photo")


async def publish(client, room, picture):
    vcard = client["xep_0054"].make_vcard()
    vcard["PHOTO"]["TYPE"] = "image/png"
    vcard["PHOTO"]["BINVAL"] = picture
    await client["xep_0054"].publish_vcard(jid=room, vcard=vcard)


async def run(salon):
    alice, bob, carol = [await salon.login(name) for name in USERS]
    room = await alice.create_room("gallery", "Alice", persistentroom="1")
    await bob.join(room, "Bob")
    await refused(publish(bob, room, PICTURE), "forbidden")

    await publish(alice, room, PICTURE)
    for client in (alice, bob):
        await client.presence(sender=room, where=lambda p: photo(p) == HASH)
    await bob.message(sender=room, status_code=104)
    vcard = await bob["xep_0054"].get_vcard(room, cached=False)
    check(vcard["vcard_temp"]["PHOTO"]["BINVAL"] == PICTURE, "another picture came back")

    info = await bob["xep_0030"].get_info(room)
    check(HASH in str(info), f"no hash in the room's information: {info}")
    await carol.join(room, "Carol")
    await carol.presence(sender=room, where=lambda p: photo(p) == HASH)
