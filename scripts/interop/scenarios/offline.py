"""Messages to someone who is not there wait, in order, and say when they were sent (XEP-0160, XEP-0203)."""

from client import delayed
from salon import check

USERS = ["alice", "bob"]


async def run(salon):
    alice = await salon.login("alice")
    for n in range(5):
        alice.say("bob@localhost", f"line {n}")
    await alice.ping()
    bob = await salon.login("bob")
    for n in range(5):
        message = await bob.message(sender=alice.boundjid.full)
        check(message["body"] == f"line {n}", f"{message['body']} came in place of line {n}")
        check(delayed(message), f"no delay on {message}")
    await bob.ping()
    await bob.leave()
    bob = await salon.login("bob")
    await bob.nothing_more("message")
