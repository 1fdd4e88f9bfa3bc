-- +goose Up
-- The terms of each indexed row: a digest of owner and word each (search.go says why), separated by spaces. They are kept
-- because the index removes a row by its terms. A digest leaves the file for good with its row, but the index may keep some
-- first letters of it as a signpost between two of its pages: of a word itself that would be too much.
CREATE TABLE search_terms (
    id    INTEGER PRIMARY KEY, -- of the row in the archive
    terms TEXT    NOT NULL
);

CREATE VIRTUAL TABLE search USING fts5(
    terms, content = 'search_terms', content_rowid = 'id', tokenize = 'ascii', detail = none, columnsize = 0
);
-- What is deleted is taken out of the index's pages at once.
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);

-- Rows up to this id were given to the index.
CREATE TABLE search_mark (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    id  INTEGER NOT NULL
);
INSERT INTO search_mark (one, id) VALUES (1, 0);
