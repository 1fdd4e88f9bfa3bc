-- +goose Up
-- Partitioned as archive is: a month of it is dropped with that month, and the newest matches are found in the newest month.
CREATE TABLE archive_words (
    id    bigint   NOT NULL,
    words tsvector NOT NULL
) PARTITION BY RANGE (id);
CREATE INDEX archive_words_gin ON archive_words USING gin (words);
-- A hash, though ids are unique: by an ordered index the planner would walk through a month and look at each row's words
-- instead of asking the index of words.
CREATE INDEX archive_words_id ON archive_words USING hash (id);
COMMENT ON TABLE archive_words IS 'the full-text index (XEP-0431)';
COMMENT ON COLUMN archive_words.id IS 'archive.id';
COMMENT ON COLUMN archive_words.words IS
    'the words of the text, case folded, and @ with the owner''s number: words @@ '' ''''@7'''' & ''''duck'''' ''::tsquery';

CREATE TABLE archive_words_mark (
    one bigint NOT NULL PRIMARY KEY CHECK (one = 1),
    id  bigint NOT NULL
);
INSERT INTO archive_words_mark (one, id) VALUES (1, 0);
COMMENT ON TABLE archive_words_mark IS 'one row: rows of archive up to this id were given to archive_words';
