==> add_columns.sql
-- Add what needs no value or has a constant one: the rows that are there aren't written
ALTER TABLE "items" ADD COLUMN "note" character varying(20) NULL, ADD COLUMN "price" bigint NOT NULL DEFAULT 7, ADD COLUMN "label" character varying(5) NOT NULL DEFAULT 'new', ADD COLUMN "seen_at" timestamptz NOT NULL DEFAULT (now());
