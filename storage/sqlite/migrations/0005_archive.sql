-- +goose Up
-- Archives name their owner by number, so that three indexes hold a few bytes a row. A number is never used again.
CREATE TABLE owners (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    addr TEXT UNIQUE -- null once the owner was deleted and its rows wait for removal
);
CREATE INDEX owners_deleted ON owners (id) WHERE addr IS NULL;

CREATE TABLE archive (
    id       INTEGER PRIMARY KEY,
    owner    INTEGER NOT NULL,
    peer_key INTEGER NOT NULL, -- FNV-1a, 32 bits, of the peer's bare address: what the index holds of it
    peer     TEXT    NOT NULL,
    kind     INTEGER NOT NULL,
    outgoing INTEGER NOT NULL,
    origin   BLOB,
    stanza   BLOB    NOT NULL
);
CREATE INDEX archive_owner ON archive (owner, id);
CREATE INDEX archive_peer ON archive (owner, peer_key, id);
CREATE UNIQUE INDEX archive_origin ON archive (owner, origin) WHERE origin IS NOT NULL;

CREATE TABLE undelivered (
    owner INTEGER NOT NULL,
    id    INTEGER NOT NULL,
    PRIMARY KEY (owner, id)
) WITHOUT ROWID;
