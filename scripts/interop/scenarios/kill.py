"""kill -9: all that the server acknowledged is there after the restart, once, in order, and it is ready within two seconds."""

from salon import ROOMS, Failure, check

USERS = ["alice", "bob", "carol"]

MANY = 60


async def run(salon):
    alice, carol = await salon.login("alice"), await salon.login("carol")
    room = f"lobby@{ROOMS}"
    await alice.join(room, "Alice")
    acked = []

    def on_ack(stanza):
        if stanza.name == "message":
            acked.append(stanza["body"])
            if len(acked) == MANY:
                salon.kill()  # in the midst of the rest

    alice.add_event_handler("stanza_acked", on_ack)
    carol.vanish()  # she has a session, and reads and acknowledges nothing

    for n in range(MANY):
        alice.say("bob@localhost", f"to Bob {n}")
        alice.say("carol@localhost", f"to Carol {n}")
        alice.say(room, f"to all {n}", "groupchat")
    await alice.closed()
    check(len(acked) >= MANY, f"only {len(acked)} messages were acknowledged")

    took = salon.start()
    check(took < 2, f"ready after {took:.1f} s")
    for name in ("Bob", "Carol"):
        client = await salon.login(name.lower())
        verify(name, acked, await waiting(client, name, acked))
    alice = await salon.login("alice", resource="later")
    _, past, _ = await alice.join(room, "Alice", history={"maxstanzas": "200"})
    verify("all", acked, [m["body"] for m in past])
    salon.clients = [c for c in salon.clients if c.is_connected()]


def promised(name, acked):
    return [body for body in acked if body.startswith(f"to {name} ")]


async def waiting(client, name, acked):
    """The bodies of what waited for a user, in the order in which it comes, which may take several pages."""
    missing, got = set(promised(name, acked)), []
    while missing:
        try:
            message = await client.message(where=lambda m: m["body"].startswith("to "))
        except Failure:
            break
        got.append(message["body"])
        missing.discard(message["body"])
    await client.ping()
    return got + [m["body"] for m in client.inbox if m.name == "message"]


def verify(name, acked, got):
    check(promised(name, acked), f"nothing to {name} was acknowledged")
    missing = [body for body in promised(name, acked) if body not in got]
    check(not missing, f"acknowledged and lost: {missing}")
    numbers = [int(body.split()[-1]) for body in got]
    check(numbers == sorted(set(numbers)), f"doubled or out of order: {numbers}")
