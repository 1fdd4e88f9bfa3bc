"""go-sendxmpp sends a message to a user and into a room, over STARTTLS and over direct TLS, with the certificate checked."""

import asyncio
import os

from salon import PASSWORD, check

USERS = ["alice", "bob"]


async def send(salon, direct, *args, text):
    port = salon.direct_port if direct else salon.port
    command = ["go-sendxmpp", "-u", "alice@localhost", "-p", PASSWORD, "-j", f"localhost:{port}", *(["-t"] if direct else []), *args]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "HOME": str(salon.dir), "SSL_CERT_FILE": str(salon.certificate())})
    output, _ = await asyncio.wait_for(process.communicate(text.encode()), 20)
    check(process.returncode == 0, f"go-sendxmpp exited with {process.returncode}: {output.decode().strip()}")


async def run(salon):
    bob = await salon.login("bob")
    lobby = await bob.room("lobby", "Bob")
    for direct in (False, True):
        text = f"direct TLS: {direct}"
        await send(salon, direct, "bob@localhost", text=text)
        message = await bob.message(where=lambda m: m["body"].strip() == text, type="chat")
        check(message["from"].bare == "alice@localhost", f"{message}")
        await send(salon, direct, "-c", "-a", "Sender", lobby, text=text)
        await bob.message(sender=f"{lobby}/Sender", where=lambda m: m["body"].strip() == text, type="groupchat")
        await bob.presence(sender=f"{lobby}/Sender", type="unavailable")
