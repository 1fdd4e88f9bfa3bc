-- +goose Up
CREATE TABLE documents (
    owner text COLLATE "C" NOT NULL,
    kind  text COLLATE "C" NOT NULL,
    key   text COLLATE "C" NOT NULL,
    data  bytea NOT NULL,
    PRIMARY KEY (owner, kind, key)
);
COMMENT ON TABLE documents IS 'private XML (XEP-0049) and vCards (XEP-0054)';

CREATE TABLE blocks (
    owner text COLLATE "C" NOT NULL,
    addr  text COLLATE "C" NOT NULL,
    PRIMARY KEY (owner, addr)
);
COMMENT ON TABLE blocks IS 'blocked addresses (XEP-0191)';
