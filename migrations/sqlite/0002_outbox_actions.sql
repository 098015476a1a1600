-- A row of the outbox is an action: to post a message, to update or delete the message of another row, or to show
-- something to one person alone. More states: dropped (not needed any more), gone (its message is not there any more).
ALTER TABLE outbox ADD COLUMN action TEXT NOT NULL DEFAULT 'post'; -- post, update, delete, ephemeral
ALTER TABLE outbox ADD COLUMN target TEXT;                         -- the key of the row whose message is meant
ALTER TABLE outbox ADD COLUMN person TEXT;                         -- who alone sees it
CREATE INDEX outbox_targets ON outbox (target) WHERE target IS NOT NULL;

-- Finds what is due without reading the messages themselves, however many wait.
DROP INDEX outbox_unsent;
CREATE INDEX outbox_unsent ON outbox (channel, thread_ts, target, seq, action, state, next_at)
    WHERE state IN ('pending', 'sending', 'uncertain');
