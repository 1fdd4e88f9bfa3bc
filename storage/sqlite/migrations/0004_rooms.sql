-- +goose Up
CREATE TABLE rooms (
    addr           TEXT    NOT NULL PRIMARY KEY,
    service        TEXT    NOT NULL,
    created        INTEGER NOT NULL,
    config         BLOB    NOT NULL,
    public         INTEGER NOT NULL,
    name           TEXT    NOT NULL,
    subject        TEXT    NOT NULL,
    subject_from   TEXT    NOT NULL,
    subject_at     INTEGER,
    subject_stanza BLOB
);
CREATE INDEX rooms_service ON rooms (service, addr, public, name);

CREATE TABLE affiliations (
    room   TEXT    NOT NULL REFERENCES rooms (addr) ON DELETE CASCADE,
    addr   TEXT    NOT NULL,
    value  TEXT    NOT NULL,
    nick   TEXT    NOT NULL,
    reason TEXT    NOT NULL,
    by     TEXT    NOT NULL,
    at     INTEGER,
    PRIMARY KEY (room, addr)
) WITHOUT ROWID;
CREATE INDEX affiliations_addr ON affiliations (addr);
