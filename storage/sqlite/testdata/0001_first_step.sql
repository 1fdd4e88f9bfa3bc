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
CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
INSERT INTO "goose_db_version" VALUES(1,0,1,'2026-03-01 12:00:00');
INSERT INTO "goose_db_version" VALUES(2,1,1,'2026-03-01 12:00:00');
CREATE TABLE pings (
    id INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL
);
CREATE INDEX accounts_host ON accounts (host, addr);
COMMIT;
