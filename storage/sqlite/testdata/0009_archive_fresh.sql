BEGIN TRANSACTION;
CREATE TABLE account_keys (
    addr       TEXT    NOT NULL REFERENCES accounts (addr) ON DELETE CASCADE,
    hash       TEXT    NOT NULL,
    iterations INTEGER NOT NULL,
    salt       BLOB    NOT NULL,
    stored_key BLOB    NOT NULL,
    server_key BLOB    NOT NULL,
    PRIMARY KEY (addr, hash)
) WITHOUT ROWID;
INSERT INTO "account_keys" VALUES('alice@example.test','SHA-256',10000,X'01',X'02',X'03');
CREATE TABLE accounts (
    addr      TEXT    NOT NULL PRIMARY KEY,
    host      TEXT    NOT NULL,
    created   INTEGER NOT NULL, -- times are milliseconds since 1970, UTC
    last_seen INTEGER,
    status    TEXT    NOT NULL
) WITHOUT ROWID;
INSERT INTO "accounts" VALUES('alice@example.test','example.test',1700000000123,NULL,'');
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
INSERT INTO "affiliations" VALUES('garden@conference.example.test','alice@example.test','owner','','','',NULL);
CREATE TABLE archive (
    id       INTEGER PRIMARY KEY,
    owner    INTEGER NOT NULL,
    peer_key INTEGER NOT NULL, -- FNV-1a, 32 bits, of the peer's bare address: what the index holds of it
    peer     TEXT    NOT NULL,
    kind     INTEGER NOT NULL,
    outgoing INTEGER NOT NULL,
    origin   BLOB,
    stanza   BLOB    NOT NULL
, tombstone INTEGER NOT NULL DEFAULT 0);
INSERT INTO "archive" VALUES(1,1,4021925360,'bob@example.test',1,0,NULL,X'3c6d6573736167652f3e',0);
INSERT INTO "archive" VALUES(8,1,4021925360,'bob@example.test',1,0,X'6d6f766564',X'3c6d6573736167652f3e',0);
INSERT INTO "archive" VALUES(9,1,4021925360,'bob@example.test',1,0,NULL,X'3c6d6573736167652f3e',0);
INSERT INTO "archive" VALUES(10,1,4021925360,'bob@example.test',1,0,X'6672657368',X'3c6d6573736167652f3e',0);
INSERT INTO "archive" VALUES(12,2,1696760989,'alice@example.test',2,0,X'6672657368',X'3c6d6573736167652f3e',0);
INSERT INTO "archive" VALUES(14,3,1696760989,'alice@example.test',5,0,NULL,X'3c6d6573736167652f3e',0);
CREATE TABLE archive_last (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    id  INTEGER NOT NULL
);
INSERT INTO "archive_last" VALUES(1,7);
CREATE TABLE blocks (
    owner TEXT NOT NULL,
    addr  TEXT NOT NULL,
    PRIMARY KEY (owner, addr)
) WITHOUT ROWID;
INSERT INTO "blocks" VALUES('alice@example.test','spam.test');
CREATE TABLE documents (
    owner TEXT NOT NULL,
    kind  TEXT NOT NULL,
    key   TEXT NOT NULL,
    data  BLOB NOT NULL,
    PRIMARY KEY (owner, kind, key)
);
INSERT INTO "documents" VALUES('alice@example.test','private','k',X'3c782f3e');
CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
INSERT INTO "goose_db_version" VALUES(1,0,1,'2026-03-01 12:00:00');
INSERT INTO "goose_db_version" VALUES(2,1,1,'2026-03-01 12:00:00');
INSERT INTO "goose_db_version" VALUES(3,2,1,'2026-03-01 12:00:00');
INSERT INTO "goose_db_version" VALUES(4,3,1,'2026-03-01 12:00:00');
INSERT INTO "goose_db_version" VALUES(5,4,1,'2026-03-01 12:00:00');
INSERT INTO "goose_db_version" VALUES(6,5,1,'2026-03-01 12:00:00');
INSERT INTO "goose_db_version" VALUES(7,6,1,'2026-03-01 12:00:00');
INSERT INTO "goose_db_version" VALUES(8,7,1,'2026-11-21 12:00:00');
INSERT INTO "goose_db_version" VALUES(9,8,1,'2026-11-21 12:00:00');
INSERT INTO "goose_db_version" VALUES(10,9,1,'2026-11-21 12:00:00');
CREATE TABLE owners (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    addr TEXT UNIQUE -- null once the owner was deleted and its rows wait for removal
);
INSERT INTO "owners" VALUES(1,'alice@example.test');
INSERT INTO "owners" VALUES(2,'garden@conference.example.test');
INSERT INTO "owners" VALUES(3,'bob@example.test');
CREATE TABLE pings (
    id INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL
);
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
INSERT INTO "rooms" VALUES('garden@conference.example.test','conference.example.test',1700000000123,X'7b7d',1,'Garden','','',NULL,NULL);
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
INSERT INTO "roster_items" VALUES('alice@example.test','bob@example.test','Bob','["a"]','both',0,0,NULL,1,1700000001);
CREATE TABLE roster_removals (
    owner   TEXT    NOT NULL,
    contact TEXT    NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (owner, contact)
) WITHOUT ROWID;
CREATE TABLE rosters (
    owner     TEXT    NOT NULL PRIMARY KEY,
    version   INTEGER NOT NULL,
    start     INTEGER NOT NULL, -- the first version
    forgotten INTEGER NOT NULL  -- the version of the newest removal that was dropped, 0 if none
) WITHOUT ROWID;
INSERT INTO "rosters" VALUES('alice@example.test',1700000001,1700000001,0);
CREATE TABLE undelivered (
    owner INTEGER NOT NULL,
    id    INTEGER NOT NULL,
    PRIMARY KEY (owner, id)
) WITHOUT ROWID;
INSERT INTO "undelivered" VALUES(1,1);
INSERT INTO "undelivered" VALUES(3,14);
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
CREATE TABLE search_terms (
    id    INTEGER PRIMARY KEY, -- of the row in the archive
    terms TEXT    NOT NULL
);
CREATE VIRTUAL TABLE search USING fts5(
    terms, content = 'search_terms', content_rowid = 'id', tokenize = 'ascii', detail = none, columnsize = 0
);
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);
CREATE TABLE search_mark (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    id  INTEGER NOT NULL
);
INSERT INTO "search_mark" VALUES(1,0);
CREATE TABLE archive_fresh (
    owner    INTEGER NOT NULL,
    id       INTEGER NOT NULL,
    peer_key INTEGER NOT NULL,
    origin   BLOB,
    PRIMARY KEY (owner, id)
) WITHOUT ROWID;
INSERT INTO "archive_fresh" VALUES(1,9,4021925360,NULL);
INSERT INTO "archive_fresh" VALUES(1,10,4021925360,X'6672657368');
INSERT INTO "archive_fresh" VALUES(2,12,1696760989,X'6672657368');
INSERT INTO "archive_fresh" VALUES(3,14,1696760989,NULL);
CREATE TABLE archive_by_owner (
    owner INTEGER NOT NULL,
    id    INTEGER NOT NULL,
    PRIMARY KEY (owner, id)
) WITHOUT ROWID;
INSERT INTO "archive_by_owner" VALUES(1,1);
INSERT INTO "archive_by_owner" VALUES(1,8);
CREATE TABLE archive_by_peer (
    owner    INTEGER NOT NULL,
    peer_key INTEGER NOT NULL,
    id       INTEGER NOT NULL,
    PRIMARY KEY (owner, peer_key, id)
) WITHOUT ROWID;
INSERT INTO "archive_by_peer" VALUES(1,4021925360,1);
INSERT INTO "archive_by_peer" VALUES(1,4021925360,8);
CREATE TABLE archive_by_origin (
    owner  INTEGER NOT NULL,
    origin BLOB    NOT NULL,
    id     INTEGER NOT NULL,
    PRIMARY KEY (owner, origin)
) WITHOUT ROWID;
INSERT INTO "archive_by_origin" VALUES(1,X'6d6f766564',8);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('goose_db_version',10);
INSERT INTO sqlite_sequence VALUES('owners',3);
CREATE INDEX accounts_host ON accounts (host, addr);
CREATE INDEX roster_items_version ON roster_items (owner, version);
CREATE INDEX roster_removals_version ON roster_removals (owner, version);
CREATE INDEX rooms_service ON rooms (service, addr, public, name);
CREATE INDEX affiliations_addr ON affiliations (addr);
CREATE INDEX owners_deleted ON owners (id) WHERE addr IS NULL;
CREATE INDEX held_id ON held (id);
CREATE UNIQUE INDEX archive_fresh_origin ON archive_fresh (owner, origin) WHERE origin IS NOT NULL;
CREATE INDEX archive_passing ON archive (id) WHERE kind = 5;
COMMIT;
