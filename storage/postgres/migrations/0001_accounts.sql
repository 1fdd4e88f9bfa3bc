-- +goose Up
-- Addresses compare by their bytes (COLLATE "C"): pages of lists go by them, and no locale may change their order.
CREATE TABLE accounts (
    addr      text COLLATE "C" NOT NULL PRIMARY KEY,
    host      text COLLATE "C" NOT NULL,
    created   bigint NOT NULL,
    last_seen bigint,
    status    text   NOT NULL
);
CREATE INDEX accounts_host ON accounts (host, addr);
COMMENT ON TABLE accounts IS 'local accounts; times are milliseconds since 1970, UTC, here and in all tables';
COMMENT ON COLUMN accounts.addr IS 'bare address';
COMMENT ON COLUMN accounts.last_seen IS 'end of the last session (XEP-0012), null if there was none';
COMMENT ON COLUMN accounts.status IS 'text of the last unavailable presence (XEP-0012)';

CREATE TABLE account_keys (
    addr       text COLLATE "C" NOT NULL REFERENCES accounts (addr) ON DELETE CASCADE,
    hash       text   NOT NULL,
    iterations bigint NOT NULL,
    salt       bytea  NOT NULL,
    stored_key bytea  NOT NULL,
    server_key bytea  NOT NULL,
    PRIMARY KEY (addr, hash)
);
COMMENT ON TABLE account_keys IS 'SCRAM keys (RFC 5802), one row for each account and hash; no password is stored';

CREATE TABLE pings (
    id bigint NOT NULL PRIMARY KEY,
    at bigint NOT NULL
);
COMMENT ON TABLE pings IS 'what readiness writes, so that it means more than an open connection';
