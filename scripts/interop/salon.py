"""A Salon server of its own for each scenario: started as the README says, on free ports, with a fresh data directory."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

HOST = "localhost"
ROOMS = "conference.localhost"
PASSWORD = "open, sesame"

# Port 0 lets the kernel choose: nothing else can take the port between the choice and the listening.
FREE_PORTS = """\
listen:
  c2s: ["127.0.0.1:0"]
  c2s_direct: ["127.0.0.1:0"]
  http: "127.0.0.1:0"
"""


class Failure(Exception):
    """What a scenario found wrong."""


def check(condition, message):
    """An assert that survives python3 -O and says what is wrong."""
    if not condition:
        raise Failure(message)


def poll(condition, what, limit=10):
    """Returns condition()'s first true result; fails after limit seconds."""
    end = time.monotonic() + limit
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise Failure(f"waited {limit} s in vain for {what}")
        time.sleep(0.01)


class Salon:
    """One data directory and the server that runs on it. It may be started, stopped and killed many times."""

    def __init__(self, binary, directory, config=""):
        self.binary = str(binary)
        self.dir = Path(directory)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.data = self.dir / "data"
        self.config = self.dir / "salon.yaml"
        self.config.write_text(FREE_PORTS + config)
        self.process = None
        self.runs = 0
        self.expected_errors = r"(?!)"  # a pattern of lines that the log may have: none
        self.clients = []

    # --- the server ---

    def command(self, *args):
        return [self.binary, *args, "--data", str(self.data), "--config", str(self.config)]

    def start(self, limit=10):
        """Starts the server, waits until it says where it listens, and returns the seconds that this took."""
        self.runs += 1
        self.out = self.dir / f"serve.{self.runs}.out"
        self.log = self.dir / f"serve.{self.runs}.log"
        begin = time.monotonic()
        with open(self.out, "wb") as out, open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command("serve"), stdin=subprocess.DEVNULL, stdout=out, stderr=log)
        self.port, self.direct_port, self.http_port = poll(self._listening, "the server to listen", limit)
        return time.monotonic() - begin

    def _listening(self):
        if self.process.poll() is not None:
            raise Failure(f"the server ended with {self.process.returncode}: {self.log.read_text().strip()}")
        found = re.search(r"127\.0\.0\.1:(\d+) \(STARTTLS\), 127\.0\.0\.1:(\d+) \(direct TLS\), 127\.0\.0\.1:(\d+)", self.out.read_text())
        return found and [int(port) for port in found.groups()]

    def stop(self):
        """Ends the server by SIGTERM: it must exit with 0, without a panic or an error in its log."""
        if self.process is None:
            return
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(15)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)  # leaves the stacks of all goroutines in the log
            process.wait(10)
            raise Failure("the server did not end within 15 s of SIGTERM") from None
        log = self.log.read_text()
        check(code == 0, f"the server ended with {code}: {log.strip()[-500:]}")
        check("panic" not in log, f"a panic in {self.log}")
        errors = [line for line in log.splitlines() if "level=ERROR" in line and not re.search(self.expected_errors, line)]
        check(not errors, f"the server's log has: {errors[:3]}")

    def kill(self):
        """SIGKILL: the server gets no chance to save anything."""
        process, self.process = self.process, None
        process.kill()
        process.wait()

    def abandon(self):
        """Ends what still runs after a failure."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def signal(self, number):
        self.process.send_signal(number)

    def logged(self, pattern):
        """Waits for a line that matches in the log of the running server, and returns it."""
        return poll(lambda: next((l for l in self.log.read_text().splitlines() if re.search(pattern, l)), None), f"{pattern!r} in the log")

    # --- the command line ---

    def cli(self, *args, stdin="", code=0, env=None):
        """Runs a command of Salon and returns what it prints; fails if it exits with something else than code."""
        return self.run(self.command(*args), stdin, code, env)

    def run(self, command, stdin="", code=0, env=None):
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=30, env={**os.environ, **(env or {})})
        output = done.stdout + done.stderr
        check(done.returncode == code, f"{' '.join(command[1:3])} exited with {done.returncode} instead of {code}: {output.strip()[:500]}")
        return output

    def add_users(self, *names, password=PASSWORD):
        for name in names:
            self.cli("user", "add", f"{name}@{HOST}", stdin=password + "\n")

    def users(self):
        return [json.loads(line)["jid"] for line in self.cli("user", "list", "--json").splitlines()]

    def certificate(self):
        """The file with the self-signed certificate, which clients may trust."""
        return self.data / "certs" / f"{HOST}.pem"

    # --- clients ---

    async def login(self, name, **options):
        """A slixmpp client that is online: roster fetched, presence sent and seen."""
        from client import Client
        client = Client(self, name, **options)
        self.clients.append(client)
        await client.login()
        return client

    async def close_clients(self):
        for client in self.clients:
            await client.leave()
        self.clients.clear()
