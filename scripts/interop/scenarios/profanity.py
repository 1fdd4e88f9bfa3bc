"""profanity logs in with a certificate that it does not know, talks to one user and in rooms, and shows a refusal."""

from salon import PASSWORD, ROOMS, check
from terminal import Terminal

USERS = ["alice", "bob"]


async def run(salon):
    bob = await salon.login("bob")
    lobby = await bob.room("lobby", "Bob")
    terminal = Terminal(salon, "profanity", ["profanity"])
    try:
        await converse(salon, bob, lobby, terminal)
        terminal.type("/quit")
        await terminal.shows("it ended with 0")
    finally:
        terminal.close()


async def converse(salon, bob, lobby, terminal):
    await terminal.shows("Profanity")
    terminal.type(f"/connect alice@localhost server 127.0.0.1 port {salon.port} tls trust")
    await terminal.shows("Enter password")
    terminal.type(PASSWORD)
    await terminal.shows("logged in successfully")

    terminal.type(f"/join {lobby} nick Alice")
    await bob.presence(sender=f"{lobby}/Alice", type="")
    terminal.type("hello from profanity")
    await bob.message(sender=f"{lobby}/Alice", body="hello from profanity", type="groupchat")
    bob.say(lobby, "welcome, profanity", "groupchat")
    await terminal.shows("Bob: welcome, profanity")

    den = await bob.create_room("den", "Bob", passwordprotectedroom="1", roomsecret="s3cret")
    terminal.type("/win 1")  # the console, where refusals are shown
    terminal.type(f"/join {den} nick Alice")
    await terminal.shows("(?i)error joining room.*den@.*(not-authorized|password)")
    terminal.type(f"/join {den} nick Alice password s3cret")
    await bob.presence(sender=f"{den}/Alice", type="")

    terminal.type("/win 1")  # in a room's window /msg is for its occupants
    terminal.type("/msg bob@localhost a word in private")
    message = await bob.message(body="a word in private", type="chat")
    check(message["from"].bare == "alice@localhost", f"{message}")
    bob.say(str(message["from"]), "heard you")
    await terminal.shows("heard you")

    terminal.type("/roster add bob@localhost Bobby")
    await terminal.shows("Roster item added: bob@localhost|bob@localhost.*added|Bobby")
    terminal.type("/sub request bob@localhost")
    await bob.presence(sender="alice@localhost", type="subscribe")
    bob.send_presence_subscription("alice@localhost", ptype="subscribed")
    terminal.type("/win 1")
    terminal.type("/roster")
    await terminal.shows("Bobby")
