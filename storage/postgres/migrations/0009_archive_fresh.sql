-- +goose Up
-- SQLite's step: it keeps the ways to archived rows in tables of its own. PostgreSQL's indexes stay as they are.
SELECT 1;
