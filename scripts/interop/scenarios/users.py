"""Users are added, changed, listed, imported and deleted while the server runs and while it does not; sessions follow."""

import json

from client import Client
from salon import check

START = False


async def attempt(salon, name, password):
    client = Client(salon, name, password=password)
    end = await client.negotiate()
    await client.leave()
    return end == "session_start"


async def run(salon):
    salon.add_users("alice")  # before the first start
    salon.cli("user", "add", "alice@localhost", stdin="again\n", code=1)
    check(salon.users() == ["alice@localhost"], f"{salon.users()}")
    salon.start()
    await salon.login("alice")

    file = salon.dir / "password"
    file.write_text("from a file\n")
    salon.cli("user", "add", "bob@localhost", "--password-file", str(file))
    salon.cli("user", "add", "bob@localhost", stdin="again\n", code=1)
    bob = await salon.login("bob", password="from a file")
    salon.cli("user", "passwd", "bob@localhost", stdin="another\n")
    await bob.closed()
    check(not await attempt(salon, "bob", "from a file"), "Bob's old password works still")
    bob = await salon.login("bob", password="another")
    check(json.loads(salon.cli("user", "delete", "bob@localhost", "--json"))["jid"] == "bob@localhost", "another user was deleted")
    await bob.closed()
    check(not await attempt(salon, "bob", "another"), "Bob is deleted and can log in")
    salon.cli("user", "delete", "bob@localhost", code=1)

    lines = "".join(json.dumps({"jid": f"user{n}@localhost", "password": f"secret {n}"}) + "\n" for n in range(50))
    salon.cli("user", "import", "-", stdin=lines)
    check(len(salon.users()) == 51, f"{len(salon.users())} users after the import")
    check(await attempt(salon, "user49", "secret 49"), "an imported user cannot log in")
    await salon.close_clients()
    salon.stop()

    salon.cli("user", "passwd", "user0@localhost", stdin="changed\n")
    salon.cli("user", "delete", "user1@localhost")
    check(len(salon.users()) == 50, f"{len(salon.users())} users")
    salon.start()
    check(await attempt(salon, "user0", "changed"), "a password set without the server does not work")
    check(not await attempt(salon, "user1", "secret 1"), "a user deleted without the server can log in")
