-- +goose Up
CREATE TABLE rosters (
    owner     text COLLATE "C" NOT NULL PRIMARY KEY,
    version   bigint NOT NULL,
    start     bigint NOT NULL,
    forgotten bigint NOT NULL
);
COMMENT ON TABLE rosters IS 'the version of each user''s roster (RFC 6121 §2.6)';
COMMENT ON COLUMN rosters.start IS 'the first version';
COMMENT ON COLUMN rosters.forgotten IS 'the version of the newest removal that was dropped, 0 if none';

CREATE TABLE roster_items (
    owner        text COLLATE "C" NOT NULL,
    contact      text COLLATE "C" NOT NULL,
    name         text    NOT NULL,
    groups       text    NOT NULL,
    subscription text    NOT NULL,
    ask          boolean NOT NULL,
    approved     boolean NOT NULL,
    request      bytea,
    listed       boolean NOT NULL,
    version      bigint  NOT NULL,
    PRIMARY KEY (owner, contact)
);
CREATE INDEX roster_items_version ON roster_items (owner, version);
COMMENT ON TABLE roster_items IS 'contacts, and requests that wait';
COMMENT ON COLUMN roster_items.groups IS 'a JSON array';
COMMENT ON COLUMN roster_items.request IS 'the subscription request that waits for an answer, the whole stanza';
COMMENT ON COLUMN roster_items.listed IS 'false: not on the roster, only a request';
COMMENT ON COLUMN roster_items.version IS 'the roster''s version at which the item last changed';

CREATE TABLE roster_removals (
    owner   text COLLATE "C" NOT NULL,
    contact text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (owner, contact)
);
CREATE INDEX roster_removals_version ON roster_removals (owner, version);
COMMENT ON TABLE roster_removals IS 'contacts removed lately, for clients that know an older version';
