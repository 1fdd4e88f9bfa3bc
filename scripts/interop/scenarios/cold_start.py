"""The first stream is accepted within half a second of the start, on a fresh directory and on an old one."""

import socket
import time

from salon import Failure, check

START = False

TRIES = 5  # the best counts: a machine that is busy with other tests is not what is measured
BAR = 0.5
HEADER = b"<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"


def first_stream(salon):
    """Seconds from the start of the process to the features of its first stream."""
    begin = time.monotonic()
    salon.start()
    with socket.create_connection(("127.0.0.1", salon.port), 5) as connection:
        connection.sendall(HEADER)
        answer = b""
        while b"</stream:features>" not in answer:
            part = connection.recv(4096)
            if not part:
                raise Failure(f"the stream ended after {answer}")
            answer += part
    return time.monotonic() - begin


async def run(salon):
    fresh, old = [], []
    data = salon.data
    for n in range(TRIES):
        salon.data = data.with_name(f"data{n}")
        for took in (fresh, old):
            took.append(first_stream(salon))
            salon.stop()
    check(min(fresh) < BAR, f"with a fresh directory it took {fresh}")
    check(min(old) < BAR, f"with its directory it took {old}")
