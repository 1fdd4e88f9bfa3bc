"""kill -9: all that the server acknowledged is there after the restart, once, in order, and it is ready within two seconds."""

from salon import ROOMS, check

USERS = ["alice", "bob", "carol"]

MANY = 60


def bodies(messages):
    return [m["body"] for m in messages if m["body"]]


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
    for name in ("bob", "carol"):
        client = await salon.login(name)
        await client.ping()
        await verify(client, name, acked, [m for m in client.inbox if m.name == "message"])
        client.inbox.clear()
    alice = await salon.login("alice", resource="later")
    _, past, _ = await alice.join(room, "Alice", history={"maxstanzas": "200"})
    await verify(alice, "all", acked, past)
    salon.clients = [c for c in salon.clients if c.is_connected()]


async def verify(client, name, promised, got):
    got = [m for m in bodies(got) if m.lower().startswith(f"to {name}")]
    wanted = [m for m in promised if m.lower().startswith(f"to {name}")]
    check(wanted, f"nothing to {name} was acknowledged")
    missing = [m for m in wanted if m not in got]
    check(not missing, f"acknowledged and lost: {missing}")
    numbers = [int(m.split()[-1]) for m in got]
    check(numbers == sorted(set(numbers)), f"doubled or out of order: {numbers}")
