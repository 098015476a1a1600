-- Cases are looked up by thread, by fingerprint and by author, each complete however busy the channel is.

-- A digest of the codes and values that tell a case from others with its fingerprint; NULL in rows of older versions.
ALTER TABLE cases ADD COLUMN identity TEXT;
-- 1 while people may still work on it.
ALTER TABLE cases ADD COLUMN open INTEGER NOT NULL DEFAULT 1;

DROP INDEX cases_of_channel;
CREATE INDEX cases_by_thread ON cases (channel, thread_ts, created_at DESC, id);
CREATE INDEX cases_by_fingerprint ON cases (channel, fingerprint, updated_at DESC, id);
CREATE INDEX cases_by_identity ON cases (channel, fingerprint, identity, updated_at DESC, id)
    WHERE identity IS NOT NULL;
CREATE INDEX cases_open ON cases (channel, fingerprint) WHERE open = 1;
CREATE INDEX cases_by_author ON cases (channel, author, updated_at DESC, id);
CREATE INDEX cases_by_post ON cases (post) WHERE post IS NOT NULL;

-- A card that was shared with a channel begins a thread: the case is found by where its card was posted.
CREATE INDEX outbox_by_place ON outbox (channel, posted_ts) WHERE posted_ts IS NOT NULL;
