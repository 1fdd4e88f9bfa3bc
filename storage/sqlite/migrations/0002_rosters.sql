-- +goose Up
CREATE TABLE rosters (
    owner     TEXT    NOT NULL PRIMARY KEY,
    version   INTEGER NOT NULL,
    start     INTEGER NOT NULL, -- the first version
    forgotten INTEGER NOT NULL  -- the version of the newest removal that was dropped, 0 if none
) WITHOUT ROWID;

CREATE TABLE roster_items (
    owner        TEXT    NOT NULL,
    contact      TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    groups       TEXT    NOT NULL, -- a JSON array
    subscription TEXT    NOT NULL,
    ask          INTEGER NOT NULL,
    approved     INTEGER NOT NULL,
    request      BLOB,
    listed       INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    PRIMARY KEY (owner, contact)
) WITHOUT ROWID;
CREATE INDEX roster_items_version ON roster_items (owner, version);

CREATE TABLE roster_removals (
    owner   TEXT    NOT NULL,
    contact TEXT    NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (owner, contact)
) WITHOUT ROWID;
CREATE INDEX roster_removals_version ON roster_removals (owner, version);
