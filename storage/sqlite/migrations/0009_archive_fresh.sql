-- +goose Up
-- The ways to archived rows are tables beside the archive. A row that is stored touches three places far apart in them, so
-- that a batch of rows would write most of their pages anew. Therefore new rows wait in archive_fresh, which is small, and
-- move on by thousands, in order. Each row of the archive is either there, or in archive_by_owner and archive_by_peer, and
-- in archive_by_origin if it has an origin.
CREATE TABLE archive_fresh (
    owner    INTEGER NOT NULL,
    id       INTEGER NOT NULL,
    peer_key INTEGER NOT NULL,
    origin   BLOB,
    PRIMARY KEY (owner, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX archive_fresh_origin ON archive_fresh (owner, origin) WHERE origin IS NOT NULL;

CREATE TABLE archive_by_owner (
    owner INTEGER NOT NULL,
    id    INTEGER NOT NULL,
    PRIMARY KEY (owner, id)
) WITHOUT ROWID;

CREATE TABLE archive_by_peer (
    owner    INTEGER NOT NULL,
    peer_key INTEGER NOT NULL,
    id       INTEGER NOT NULL,
    PRIMARY KEY (owner, peer_key, id)
) WITHOUT ROWID;

CREATE TABLE archive_by_origin (
    owner  INTEGER NOT NULL,
    origin BLOB    NOT NULL,
    id     INTEGER NOT NULL,
    PRIMARY KEY (owner, origin)
) WITHOUT ROWID;

INSERT INTO archive_by_owner SELECT owner, id FROM archive ORDER BY owner, id;
INSERT INTO archive_by_peer SELECT owner, peer_key, id FROM archive ORDER BY owner, peer_key, id;
INSERT INTO archive_by_origin SELECT owner, origin, id FROM archive WHERE origin IS NOT NULL ORDER BY owner, origin;
DROP INDEX archive_owner;
DROP INDEX archive_peer;
DROP INDEX archive_origin;

-- Messages that are kept for their delivery alone: few, if any.
CREATE INDEX archive_passing ON archive (id) WHERE kind = 5;
