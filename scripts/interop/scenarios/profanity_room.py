"""profanity makes a room by its form and rules it: subject, roles, affiliations, kick, ban, destruction (XEP-0045 §8 to §10)."""

import re

from client import MUC_USER, reason
from salon import PASSWORD, ROOMS, check
from terminal import Terminal

USERS = ["alice", "bob", "carol"]


async def run(salon):
    bob, carol = await salon.login("bob"), await salon.login("carol")
    terminal = Terminal(salon, "profanity", ["profanity"], rows=100)  # the whole form is on one screen
    try:
        await terminal.shows("Profanity")
        terminal.type(f"/connect alice@localhost server 127.0.0.1 port {salon.port} tls trust")
        await terminal.shows("Enter password")
        terminal.type(PASSWORD)
        await terminal.shows("logged in successfully")
        room = await create(terminal, bob)
        await rule(terminal, room, bob, carol)
        await expel(terminal, room, bob, carol)
        await destroy(terminal, room, carol)
        terminal.type("/quit")
        await terminal.shows("it ended with 0")
    finally:
        terminal.close()


async def create(terminal, bob):
    room = f"den@{ROOMS}"
    terminal.type(f"/join {room} nick Alice")
    await terminal.shows("Room locked, requires configuration")
    await bob.refused_entry(room, "Bob", "item-not-found")
    terminal.type("/room config")
    screen = await terminal.shows("Use '/form submit'")
    fields = {label: field for field, label in re.findall(r"\[(field\d+)\] ([^:]+):", screen)}
    for label, value in (("Name", '"The Den"'), ("Keep this room when everyone has left", "on"), ("Only those with voice may talk", "on"),
                         ("Who may see the real addresses of others", "anyone")):
        check(label in fields, f"no field {label!r}: {fields}")
        terminal.type(f"/{fields[label]} {value}")
        await terminal.shows("Field updated")
    terminal.type("/form submit")
    await terminal.shows("Room configuration successful")
    _, features = await bob.info(room)
    check({"muc_moderated", "muc_persistent", "muc_nonanonymous"} <= features, f"{features}")
    check(await bob.room_name(room) == "The Den", f"the room is called {await bob.room_name(room)}")
    return room


async def rule(terminal, room, bob, carol):
    await bob.join(room, "Bob")
    await carol.join(room, "Carol")
    terminal.type('/subject set "Tea time"')
    await carol.message(sender=f"{room}/Alice", subject="Tea time")

    terminal.type("/role set participant Bob well said")
    made = await bob.becomes(f"{room}/Bob", role="participant")
    check(reason(made) == "well said", f"{made}")
    bob.say(room, "thank you", "groupchat")
    await terminal.shows("Bob: thank you")
    terminal.type("/role list participant")
    await terminal.shows(r"Role: participant\n.* Bob \(bob@localhost/")

    terminal.type("/affiliation set admin carol@localhost she helps")
    made = await carol.becomes(f"{room}/Carol", affiliation="admin")
    check(reason(made) == "she helps", f"{made}")
    terminal.type("/affiliation list admin")
    await terminal.shows("(?s)Affiliation: admin.*carol@localhost")
    terminal.type("/affiliation set none carol@localhost")
    await carol.becomes(f"{room}/Carol", affiliation="none")


async def expel(terminal, room, bob, carol):
    terminal.type("/kick Bob too loud")
    kicked = await bob.presence(sender=f"{room}/Bob", type="unavailable", status_code=307)
    check(reason(kicked) == "too loud", f"{kicked}")
    await terminal.shows("Bob has been kicked.*too loud")
    await bob.join(room, "Bob")

    terminal.type("/ban bob@localhost enough")
    banned = await bob.presence(sender=f"{room}/Bob", type="unavailable", status_code=301)
    check(reason(banned) == "enough", f"{banned}")
    await terminal.shows("Bob has been banned.*enough")
    await bob.refused_entry(room, "Bob", "forbidden")
    terminal.type("/affiliation set none bob@localhost")
    terminal.type("/affiliation list outcast")
    await terminal.shows("No users found with affiliation: outcast")
    await bob.join(room, "Bob")


async def destroy(terminal, room, carol):
    terminal.type("/room destroy")
    told = await carol.presence(sender=f"{room}/Carol", type="unavailable")
    check(told.xml.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}destroy") is not None, f"{told}")
    await terminal.shows("destroyed")
    await carol.refused_entry(room, "Carol", "gone")
