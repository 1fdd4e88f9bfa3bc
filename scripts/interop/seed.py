"""Puts messages of days long gone into the database of a server that is not running. The tables are those of docs/storage.md."""

import sqlite3
from datetime import datetime, timedelta, timezone

EPOCH = datetime(2025, 1, 1, tzinfo=timezone.utc)  # of archive ids
CHAT, GROUPCHAT = 1, 2


class Archive:
    """Messages are added in the order of their times, a minute or more apart."""

    def __init__(self, salon):
        self.db = sqlite3.connect(salon.data / "salon.db")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.db.commit()
        self.db.close()

    def owner(self, jid):
        self.db.execute("INSERT INTO owners (addr) VALUES (?) ON CONFLICT DO NOTHING", (jid,))
        return self.db.execute("SELECT id FROM owners WHERE addr = ?", (jid,)).fetchone()[0]

    def add(self, owner, peer, at, stanza, kind=CHAT, outgoing=False):
        number = self.owner(owner)
        row = (at - EPOCH) // timedelta(milliseconds=1) << 22 | number  # ids are unique in a database
        self.db.execute("INSERT INTO archive (id, owner, peer_key, peer, kind, outgoing, stanza, tombstone) VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
                        (row, number, fnv(peer), peer, kind, outgoing, stanza.encode()))


def fnv(jid):
    """FNV-1a, 32 bits: what the index holds of a peer."""
    key = 0x811C9DC5
    for byte in jid.encode():
        key = (key ^ byte) * 0x01000193 & 0xFFFFFFFF
    return key


def message(sender, to, type, id, body):
    to = f' to="{to}"' if to else ""
    return f'<message xmlns="jabber:client" from="{sender}"{to} type="{type}" id="{id}"><body>{body}</body></message>'
