-- +goose Up
-- The highest id that the archive ever held, as far as its rows do not show it: raised by what deletes rows. No id is used
-- again, not even if the newest rows are gone and the clock steps back (XEP-0313 §6.2).
CREATE TABLE archive_last (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    id  INTEGER NOT NULL
);
INSERT INTO archive_last (one, id) SELECT 1, coalesce(max(id), 0) FROM archive;
