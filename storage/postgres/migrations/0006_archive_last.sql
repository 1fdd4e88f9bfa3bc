-- +goose Up
CREATE TABLE archive_last (
    one bigint NOT NULL PRIMARY KEY CHECK (one = 1),
    id  bigint NOT NULL
);
INSERT INTO archive_last (one, id) SELECT 1, coalesce(max(id), 0) FROM archive;
COMMENT ON TABLE archive_last IS
    'one row: the highest id that archive ever held, as deletions found it; no id is used again (XEP-0313 §6.2)';
