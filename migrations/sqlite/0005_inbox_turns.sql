-- A row is marked as running when its turn comes. After a crash the rows that were running are counted, and only those.
ALTER TABLE inbox ADD COLUMN running INTEGER NOT NULL DEFAULT 0;
ALTER TABLE inbox ADD COLUMN retried INTEGER NOT NULL DEFAULT 0; -- 1: an operator asked for it, however old it is
ALTER TABLE inbox ADD COLUMN reason TEXT;                        -- why it was set aside
-- Attempts used to be counted when a row was read, so they say nothing.
UPDATE inbox SET attempts = 0 WHERE state = 'waiting';

-- Channels take turns: their names, and the first row of each, are found without reading the backlog.
DROP INDEX inbox_waiting;
CREATE INDEX inbox_waiting ON inbox (lane, seq) WHERE state = 'waiting';
CREATE INDEX inbox_running ON inbox (seq) WHERE running = 1;
CREATE INDEX inbox_set_aside ON inbox (seq) WHERE state = 'set_aside';

-- What is old is found by its age, and what keeps it by its key.
CREATE INDEX inbox_by_age ON inbox (received_at) WHERE state <> 'waiting';
CREATE INDEX answers_by_age ON answers (answered_at);
CREATE INDEX outbox_by_age ON outbox (created_at) WHERE state NOT IN ('pending', 'sending', 'uncertain');
CREATE INDEX case_people_of_case ON case_people (case_id);
CREATE INDEX runs_of_thread ON runs (channel, thread_ts) WHERE thread_ts IS NOT NULL;

-- An answer that nobody needs any more after this time is not posted.
ALTER TABLE outbox ADD COLUMN expires_at INTEGER;

-- Errors that were not answered because they were too old, until their channel was told.
CREATE TABLE missed (
    channel  TEXT    PRIMARY KEY,
    count    INTEGER NOT NULL,
    asked    INTEGER NOT NULL,               -- of these, those that asked the bot
    first_at INTEGER NOT NULL,               -- when the first and the last of them were written
    last_at  INTEGER NOT NULL,
    noted_at INTEGER NOT NULL
) STRICT;

-- Written now and then, to learn whether the store can be written.
CREATE TABLE heartbeat (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    at INTEGER NOT NULL
) STRICT;
