"""Catch up after days away, from the archive of the account and of a room, forwards, backwards and by date (XEP-0313)."""

import asyncio
from datetime import datetime, timedelta, timezone

import seed
from salon import ROOMS, check

USERS = ["alice", "bob"]

NOW = datetime.now(timezone.utc).replace(microsecond=0)
LOBBY = f"lobby@{ROOMS}"
CHAT, ROOM = 230, 120  # messages of the last days, one each hour


def past(salon):
    with seed.Archive(salon) as archive:
        for n in range(CHAT):
            at = NOW - timedelta(hours=CHAT - n)
            sender, to = ("bob@localhost/x", "alice@localhost") if n % 2 else ("alice@localhost/y", "bob@localhost")
            archive.add("alice@localhost", "bob@localhost", at, seed.message(sender, to, "chat", f"c{n}", f"line {n}"), outgoing=not n % 2)
        for n in range(ROOM):
            at = NOW - timedelta(hours=ROOM - n, minutes=30)
            archive.add(LOBBY, "bob@localhost", at, seed.message(f"{LOBBY}/Bob", None, "groupchat", f"r{n}", f"talk {n}"), seed.GROUPCHAT)


async def bodies(client, **query):
    """The bodies of all pages of a query, which slixmpp asks for one after the other."""
    found = []
    async for result in client["xep_0313"].iterate(**query):
        check(result["mam_result"]["forwarded"]["delay"]["stamp"] is not None, f"no time on {result}")
        found.append(result["mam_result"]["forwarded"]["stanza"]["body"])
    return found


async def page(client, **query):
    """The messages of one page: (ids, bodies)."""
    done = asyncio.get_running_loop().create_future()
    client["xep_0313"].retrieve(callback=done.set_result, **query)
    results = [r["mam_result"] for r in (await done)["mam"]["results"]]
    return [r["id"] for r in results], [r["forwarded"]["stanza"]["body"] for r in results]


async def missed(client, archive, last):
    """What came after a message that a client has, in pages of 20, as after days away."""
    known = [r["mam_result"] async for r in client["xep_0313"].iterate(jid=archive, rsm={"max": 250})]
    id = next(r["id"] for r in known if r["forwarded"]["stanza"]["body"] == last)
    found = []
    while True:
        ids, words = await page(client, jid=archive, rsm={"after": id, "max": 20})
        found += words
        if len(ids) < 20:
            return found
        id = ids[-1]


async def run(salon):
    await (await salon.login("alice")).leave()  # who was here before
    salon.stop()
    past(salon)
    salon.start()
    alice = await salon.login("alice")
    chat, talk = [f"line {n}" for n in range(CHAT)], [f"talk {n}" for n in range(ROOM)]

    _, features = await alice.info("alice@localhost")
    check({"urn:xmpp:mam:2", "urn:xmpp:mam:2#extended"} <= features, f"the account's features: {features}")
    form = await alice["xep_0313"].get_fields()
    check({"with", "start", "end", "before-id", "after-id", "ids"} <= set(form.get_fields()), f"{form}")

    check(await bodies(alice, rsm={"max": 50}) == chat, "all, forwards")
    check(await bodies(alice, rsm={"max": 50}, reverse=True) == chat[::-1], "all, backwards")
    check(await bodies(alice, rsm={"max": 50}, start=NOW - timedelta(hours=72)) == chat[-72:], "three days away")
    check(await bodies(alice, start=NOW - timedelta(hours=72), end=NOW - timedelta(hours=48)) == chat[-72:-47], "a day of them")
    check(await bodies(alice, with_jid="bob@localhost", rsm={"max": 100}) == chat, "with bob")
    check(await bodies(alice, with_jid="carol@localhost") == [], "with carol")
    check(await bodies(alice, jid="alice@localhost", rsm={"max": 250}) == chat, "asked for by address")

    check(await missed(alice, "alice@localhost", "line 100") == chat[101:], "all since the last message that a client has, page by page")
    check(await missed(alice, LOBBY, "talk 20") == talk[21:], "the same of a room")

    newest = [r["mam_result"] async for r in alice["xep_0313"].iterate(rsm={"max": 5}, reverse=True, total=5)]
    check([r["forwarded"]["stanza"]["body"] for r in newest] == chat[:-6:-1], f"the last page: {newest}")
    bob = await salon.login("bob")
    for n in range(3):
        bob.say("alice@localhost", f"new {n}")
        message = await alice.message(sender=bob.boundjid.full, body=f"new {n}")
    ids, fresh = await page(alice, rsm={"after": newest[0]["id"], "max": 50})
    check(fresh == [f"new {n}" for n in range(3)], f"missed: {fresh}")
    check(message["stanza_id"]["id"] == ids[-1], f"the stanza-id of {message} is none of {ids}")

    ends = (await alice["xep_0313"].get_archive_metadata())["mam_metadata"]
    check(ends["start"]["timestamp"] == NOW - timedelta(hours=CHAT) and ends["end"]["id"] == ids[-1], f"{ends}")

    check(await bodies(alice, jid=LOBBY, rsm={"max": 50}) == talk, "the room, from outside")
    _, shown, _ = await bob.join(LOBBY, "Bobby", history={"maxstanzas": "0"})
    check(shown == [], f"history came though none was asked for: {shown}")
    check(await bodies(bob, jid=LOBBY, rsm={"max": 50}, reverse=True) == talk[::-1], "the room, backwards")
    check(await bodies(bob, jid=LOBBY, start=NOW - timedelta(hours=24)) == talk[-23:], "a day of the room")
    _, features = await bob.info(LOBBY)
    check({"urn:xmpp:mam:2", "urn:xmpp:mam:2#extended"} <= features, f"the room's features: {features}")

    try:
        await bob["xep_0313"].retrieve(jid="alice@localhost")
        check(False, "bob reads alice's archive")
    except Exception as error:
        check(getattr(error, "condition", "") == "forbidden", f"{error!r}")
