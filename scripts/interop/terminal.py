"""A client for the terminal in tmux: keys are typed, and the screen is read until it shows what is wanted."""

import asyncio
import os
import re
import shlex
import subprocess

from salon import Failure

LIMIT = 15


class Terminal:
    """One program in a tmux server of its own, with a home directory of its own."""

    def __init__(self, salon, name, command, rows=50):
        self.home = salon.dir / f"{name}.home"
        self.home.mkdir()
        self.socket = str(self.home / "tmux")
        environment = {**os.environ, "HOME": str(self.home), "TERM": "screen-256color", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
        for variable in ("TMUX", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
            environment.pop(variable, None)
        # What a crash prints stays on the screen.
        line = f"{shlex.join(command)}; echo; echo it ended with $?; read line"
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", "150", "-y", str(rows), line, env=environment)

    def _tmux(self, *args, env=None):
        done = subprocess.run(["tmux", "-S", self.socket, *args], capture_output=True, text=True, env=env, timeout=10)
        if done.returncode:
            raise Failure(f"tmux {args[0]}: {done.stderr.strip()}")
        return done.stdout

    def type(self, line):
        self._tmux("send-keys", "-l", "--", line)
        self._tmux("send-keys", "Enter")

    def screen(self):
        return "\n".join(line.rstrip() for line in self._tmux("capture-pane", "-p").splitlines())

    async def shows(self, pattern, limit=LIMIT):
        """Waits until the screen matches the pattern, and returns the screen."""
        end = asyncio.get_running_loop().time() + limit
        while not re.search(pattern, self.screen()):
            if asyncio.get_running_loop().time() > end:
                raise Failure(f"the screen did not show {pattern!r} within {limit} s:\n{self.screen()}")
            await asyncio.sleep(0.05)
        return self.screen()

    def close(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True, timeout=10)
