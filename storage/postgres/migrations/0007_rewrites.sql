-- +goose Up
ALTER TABLE archive ADD COLUMN tombstone boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN archive.tombstone IS 'the message was retracted, moderated or erased: stanza is what is left in its place';

CREATE TABLE held (
    owner    bigint   NOT NULL,
    id       bigint   NOT NULL,
    kind     bigint   NOT NULL,
    outgoing boolean  NOT NULL,
    peer     text     NOT NULL,
    origin   bytea,
    stanza   bytea    NOT NULL,
    PRIMARY KEY (owner, id)
);
CREATE INDEX held_id ON held (id);
COMMENT ON TABLE held IS 'what rewritten rows of archive were, as long as a hold keeps it for the administrator';
