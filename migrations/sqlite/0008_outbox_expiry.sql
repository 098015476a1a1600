-- The message whose answer expires, for the note to its channel.
ALTER TABLE outbox ADD COLUMN asked INTEGER NOT NULL DEFAULT 0; -- 1: it asked the bot
ALTER TABLE outbox ADD COLUMN written_at INTEGER;               -- NULL in rows of older versions, and where nothing expires

-- An answer that expires is looked up by its post.
CREATE INDEX answers_of_post ON answers (post) WHERE post IS NOT NULL;
