-- +goose Up
CREATE TABLE accounts (
    addr      TEXT    NOT NULL PRIMARY KEY,
    host      TEXT    NOT NULL,
    created   INTEGER NOT NULL, -- times are milliseconds since 1970, UTC
    last_seen INTEGER,
    status    TEXT    NOT NULL
) WITHOUT ROWID;
CREATE INDEX accounts_host ON accounts (host, addr);

CREATE TABLE account_keys (
    addr       TEXT    NOT NULL REFERENCES accounts (addr) ON DELETE CASCADE,
    hash       TEXT    NOT NULL,
    iterations INTEGER NOT NULL,
    salt       BLOB    NOT NULL,
    stored_key BLOB    NOT NULL,
    server_key BLOB    NOT NULL,
    PRIMARY KEY (addr, hash)
) WITHOUT ROWID;

-- What Ping writes, so that readiness means more than an open file.
CREATE TABLE pings (
    id INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL
);
