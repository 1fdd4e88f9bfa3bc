-- +goose Up
CREATE TABLE documents (
    owner TEXT NOT NULL,
    kind  TEXT NOT NULL,
    key   TEXT NOT NULL,
    data  BLOB NOT NULL,
    PRIMARY KEY (owner, kind, key)
);

CREATE TABLE blocks (
    owner TEXT NOT NULL,
    addr  TEXT NOT NULL,
    PRIMARY KEY (owner, addr)
) WITHOUT ROWID;
