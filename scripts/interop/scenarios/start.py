"""What a new user sees: `go run ./cmd/salon serve` on the default ports, its few lines, and a login where they say (README)."""

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

from salon import check, poll

START = False

PORTS = (5222, 5223, 5280)
REPOSITORY = Path(__file__).resolve().parents[3]


def free(port):
    """Whether nobody listens there."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind((host, port))
            except OSError as error:
                if error.errno == 98:  # in use; without IPv6 it is another error
                    return False
    return True


async def run(salon):
    if not all(free(port) for port in PORTS):
        print("     start: one of the ports 5222, 5223 and 5280 is taken, so the defaults were not tried")
        return
    out, log = salon.dir / "serve.out", salon.dir / "serve.log"
    with open(out, "wb") as o, open(log, "wb") as l:
        # A group of its own gets the interrupt as a terminal would send it: to go, which waits for it, and to Salon.
        process = subprocess.Popen(["go", "run", "./cmd/salon", "serve", "--data", salon.data], cwd=REPOSITORY, stdin=subprocess.DEVNULL,
                                   stdout=o, stderr=l, start_new_session=True)
    try:
        poll(lambda: process.poll() is not None or "Certificate" in out.read_text(), "the greeting", limit=120)
        if process.poll() is not None and not all(free(port) for port in PORTS):
            print("     start: another program took a port meanwhile")
            return
        check(process.poll() is None, f"the server ended: {log.read_text().strip()}")
        greeting = out.read_text()
        for wanted in (r"127\.0\.0\.1:5222.* \(STARTTLS\)", r":5223.* \(direct TLS\)", r"user add alice@localhost", r"Gajim .*alice@localhost.*lobby@conference\.localhost",
                       r"Settings .*salon\.yaml", r"self-signed", r"([0-9A-F]{2}:){31}[0-9A-F]{2}"):
            check(re.search(wanted, greeting), f"the greeting lacks {wanted}: {greeting}")
        check(len(greeting.strip().splitlines()) <= 12, f"the greeting has {len(greeting.splitlines())} lines")
        shown = re.search(r"([0-9A-F]{2}:){31}[0-9A-F]{2}", greeting).group(0)
        pem = subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:5223", "-servername", "localhost", "-alpn", "xmpp-client"],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10)
        check("ALPN protocol: xmpp-client" in pem.stdout, "no ALPN on the port for direct TLS")
        print_of = subprocess.run(["openssl", "x509", "-noout", "-fingerprint", "-sha256"], input=pem.stdout, capture_output=True, text=True, timeout=10)
        check(shown in print_of.stdout, f"the greeting's fingerprint is not that of the certificate: {print_of.stdout}")
        hint = re.search(r"Add a user +(.*)", greeting).group(1)
        added = subprocess.run(hint, shell=True, cwd=REPOSITORY, input="open, sesame\n", capture_output=True, text=True, timeout=60)
        check(added.returncode == 0, f"{hint}: {added.stdout}{added.stderr}")
        salon.port, salon.direct_port = 5222, 5223
        alice = await salon.login("alice")
        await alice.join("lobby@conference.localhost", "Alice")
        await salon.close_clients()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        process.wait(20)
    text = log.read_text()  # the exit code is that of go, which is 1 after every interrupt
    check("stopping" in text and "level=ERROR" not in text and "panic" not in text, f"after the interrupt: {text}")
