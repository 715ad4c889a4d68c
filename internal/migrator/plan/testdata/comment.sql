==> comment.sql
-- Say in the database what the entity says
COMMENT ON TABLE "items" IS 'what is sold';
-- Say in the database what the entity says
COMMENT ON COLUMN "items"."name" IS 'the item''s name';
