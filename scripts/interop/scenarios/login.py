"""Log in with slixmpp as it comes, over STARTTLS and over direct TLS; wrong passwords are refused."""

from client import Client
from salon import check

USERS = ["alice"]


async def run(salon):
    for direct in (False, True):
        alice = await salon.login("alice", resource="phone", direct=direct)
        check(alice.boundjid.full == "alice@localhost/phone", f"bound {alice.boundjid}")
        check(alice.socket.version() == "TLSv1.3", f"{alice.socket.version()}")
        await alice.ping()
        await alice.leave()

    alice = await salon.login("alice")
    check(alice.boundjid.resource, "no resource made")

    stranger = Client(salon, "alice", password="wrong")
    check(await stranger.negotiate() == "failed_all_auth", "a wrong password was accepted")
    await stranger.leave()
    nobody = Client(salon, "nobody")
    check(await nobody.negotiate() == "failed_all_auth", "an unknown user was accepted")
    await nobody.leave()
