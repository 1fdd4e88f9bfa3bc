-- +goose Up
-- SQLite's step: its tables of the ways to archived rows take them over by thousands. PostgreSQL's indexes stay as they are.
SELECT 1;
