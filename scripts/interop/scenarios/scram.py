"""SCRAM with slixmpp. It knows no channel binding of TLS 1.3 and insists on that, so this server does not offer any."""

from salon import check

USERS = ["alice"]
CONFIG = "auth: {mechanisms: [SCRAM-SHA-512, SCRAM-SHA-256, SCRAM-SHA-1]}\n"


async def run(salon):
    for direct in (False, True):
        alice = await salon.login("alice", direct=direct)
        check(alice.mechanism == "SCRAM-SHA-512", f"slixmpp chose {alice.mechanism}")
    for mechanism in ("SCRAM-SHA-1", "SCRAM-SHA-256"):
        alice = await salon.login("alice", mechanism=mechanism)
        check(alice.mechanism == mechanism, f"{alice.mechanism}")
