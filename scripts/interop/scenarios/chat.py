"""Two users chat; special characters arrive as they were; who is not there answers with an error."""

from salon import check

USERS = ["alice", "bob"]


async def run(salon):
    alice, bob = await salon.login("alice"), await salon.login("bob", direct=True)
    text = "1 < 2 & \"quoted\" 'so' \u2603 \U0001F600\n\tnext line"
    alice.say("bob@localhost", text)
    message = await bob.message(sender=alice.boundjid.full, type="chat")
    check(message["body"] == text, f"{message['body']!r} arrived for {text!r}")
    bob.say(alice.boundjid.full, "hello")
    await alice.message(sender=bob.boundjid.full, body="hello", type="chat")

    for n in range(50):
        alice.say("bob@localhost", f"line {n}")
    for n in range(50):
        message = await bob.message(sender=alice.boundjid.full)
        check(message["body"] == f"line {n}", f"{message['body']} came in place of line {n}")

    alice.say("nobody@localhost", "anyone?")
    await alice.message(sender="nobody@localhost", condition="service-unavailable")
    await bob.nothing_more("message")
