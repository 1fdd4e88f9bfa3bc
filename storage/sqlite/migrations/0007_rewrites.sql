-- +goose Up
ALTER TABLE archive ADD COLUMN tombstone INTEGER NOT NULL DEFAULT 0;

-- What rewritten rows were, as long as a hold keeps it for the administrator.
CREATE TABLE held (
    owner    INTEGER NOT NULL,
    id       INTEGER NOT NULL, -- of the row in the archive
    peer     TEXT    NOT NULL,
    kind     INTEGER NOT NULL,
    outgoing INTEGER NOT NULL,
    origin   BLOB,
    stanza   BLOB    NOT NULL,
    PRIMARY KEY (owner, id)
);
CREATE INDEX held_id ON held (id);
