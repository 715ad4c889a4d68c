==> comment.sql
-- Comment as declared by the entity
COMMENT ON TABLE "items" IS 'what is sold';
-- Comment as declared by the entity
COMMENT ON COLUMN "items"."name" IS 'the item''s name';
