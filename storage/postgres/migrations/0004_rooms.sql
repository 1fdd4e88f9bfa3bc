-- +goose Up
CREATE TABLE rooms (
    addr           text COLLATE "C" NOT NULL PRIMARY KEY,
    service        text COLLATE "C" NOT NULL,
    created        bigint  NOT NULL,
    config         bytea   NOT NULL,
    public         boolean NOT NULL,
    name           text    NOT NULL,
    subject        text    NOT NULL,
    subject_from   text    NOT NULL,
    subject_at     bigint,
    subject_stanza bytea
);
CREATE INDEX rooms_service ON rooms (service, addr);
COMMENT ON TABLE rooms IS 'persistent rooms (XEP-0045)';
COMMENT ON COLUMN rooms.config IS 'JSON; a password in it is encrypted';
COMMENT ON COLUMN rooms.public IS 'a copy out of config, as is name, for the room list';
COMMENT ON COLUMN rooms.subject_stanza IS 'the whole subject message as broadcast, null if there is none';

CREATE TABLE affiliations (
    room   text COLLATE "C" NOT NULL REFERENCES rooms (addr) ON DELETE CASCADE,
    addr   text COLLATE "C" NOT NULL,
    value  text NOT NULL,
    nick   text NOT NULL,
    reason text NOT NULL,
    by     text NOT NULL,
    at     bigint,
    PRIMARY KEY (room, addr)
);
CREATE INDEX affiliations_addr ON affiliations (addr);
COMMENT ON TABLE affiliations IS 'owners, admins, members and outcasts of rooms';
COMMENT ON COLUMN affiliations.nick IS 'the registered nick, empty if none';
COMMENT ON COLUMN affiliations.by IS 'who set it, empty if not known';
