-- +goose Up
-- Which rows are fresh follows from their ids: those above the mark, which no archive_by_* table has yet. Salon finds them in
-- memory. A table of them was written nearly whole with each batch.
INSERT INTO archive_by_owner SELECT owner, id FROM archive_fresh ORDER BY owner, id;
INSERT INTO archive_by_peer SELECT owner, peer_key, id FROM archive_fresh ORDER BY owner, peer_key, id;
INSERT INTO archive_by_origin SELECT owner, origin, id FROM archive_fresh WHERE origin IS NOT NULL ORDER BY owner, origin;
DROP TABLE archive_fresh;

CREATE TABLE archive_folded (
    id INTEGER NOT NULL -- one row
);
INSERT INTO archive_folded SELECT coalesce(max(id), 0) FROM archive;
