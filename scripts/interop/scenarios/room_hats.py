"""An owner makes a hat and gives it to a member by the room's commands (XEP-0317, XEP-0050): all see it, also after a restart."""

from client import codes
from salon import check

USERS = ["alice", "bob", "carol"]

HATS = "{urn:xmpp:hats:0}"
COMMAND = "urn:xmpp:hats:commands:"
TEACHER = "https://example.org/hats#teacher"


def hats(presence):
    """The hats of a presence: title by URI."""
    return {h.get("uri"): h.get("title") for h in presence.xml.iterfind(f"{HATS}hats/{HATS}hat")}


async def command(client, room, name, **fields):
    """Fetches the form of a command, fills it in and completes it."""
    commands = client["xep_0050"]
    first = (await commands.send_command(room, COMMAND + name, action="execute"))["command"]
    form = first["form"]
    check(set(fields) <= {v.split("#")[-1] for v in form.get_fields()}, f"the form of {name}: {form}")
    form.reply()
    form.set_values({v: fields[v.split("#")[-1]] for v in form.get_fields() if v.split("#")[-1] in fields})
    last = await commands.send_command(room, COMMAND + name, action="complete", sessionid=first["sessionid"], payload=form.xml)
    check(last["command"]["status"] == "completed", f"{last}")


async def run(salon):
    alice, bob = await salon.login("alice"), await salon.login("bob")
    room = await alice.create_room("school", "Alice", persistentroom="1")
    await alice["xep_0045"].set_affiliation(room, "member", jid="bob@localhost")
    await bob.join(room, "Bob")

    offered = await alice["xep_0030"].get_items(room, node="http://jabber.org/protocol/commands")
    nodes = {item[1] for item in offered["disco_items"]["items"]}
    check({COMMAND + "create", COMMAND + "assign"} <= nodes, f"the commands: {nodes}")
    await command(alice, room, "create", title="Teacher", uri=TEACHER)
    await command(alice, room, "assign", jid="bob@localhost", uri=TEACHER)
    shown = await alice.presence(sender=f"{room}/Bob", where=hats)
    check(hats(shown) == {TEACHER: "Teacher"}, f"{shown}")
    await bob.presence(sender=f"{room}/Bob", where=lambda p: hats(p) and 110 in codes(p))

    await salon.close_clients()
    salon.stop()
    salon.start()
    bob, carol = await salon.login("bob"), await salon.login("carol")
    await bob.join(room, "Robert")
    await carol.join(room, "Carol")
    await carol.presence(sender=f"{room}/Robert", where=lambda p: hats(p) == {TEACHER: "Teacher"})

    alice = await salon.login("alice")
    await alice.join(room, "Alice")
    await command(alice, room, "unassign", jid="bob@localhost", uri=TEACHER)
    await carol.presence(sender=f"{room}/Robert", type="", where=lambda p: not hats(p))
