"""The list of rooms: all of many at once, without a limit, and in pages both ways (XEP-0045 §6.3, XEP-0059)."""

from slixmpp.plugins.xep_0059.rsm import ResultIterator

from salon import ROOMS, check

USERS = ["alice"]
CONFIG = "rooms: {per_user: 300, per_account_owned: 300}\n"

MANY = 130  # more than the hundred at which some services stop


async def pages(client, **options):
    """The addresses on each page, as slixmpp walks from one to the next."""
    iq = client.make_iq_get(ito=ROOMS)
    iq.enable("disco_items")
    return [[item.get("jid") for item in page.xml.iterfind(".//{http://jabber.org/protocol/disco#items}item")]
            async for page in ResultIterator(iq, "disco_items", **options)]


async def run(salon):
    alice = await salon.login("alice")
    rooms = sorted([f"lobby@{ROOMS}"] + [await alice.create_room(f"room{n}", "Alice") for n in range(MANY)])
    check(sorted(await alice.items(ROOMS)) == rooms, "all at once")

    forwards = await pages(alice, amount=40)
    check([len(p) for p in forwards if p] == [40, 40, 40, 11], f"pages of {[len(p) for p in forwards]}")
    check([jid for page in forwards for jid in page] == rooms, f"page by page: {forwards}")
    backwards = await pages(alice, amount=40, reverse=True)
    check([jid for page in backwards[::-1] for jid in page] == rooms, f"backwards: {backwards}")

    gone = forwards[1][-1]  # the list changes while somebody reads it: the place in it stays
    await alice["xep_0045"].destroy(gone)
    rest = await pages(alice, amount=100, start=gone)
    check([jid for page in rest for jid in page] == rooms[80:], f"after {gone}: {rest}")
