-- Errors that people work on in a thread. What they hold is redacted before it is stored.
CREATE TABLE cases (
    id          TEXT    PRIMARY KEY,
    channel     TEXT    NOT NULL,
    thread_ts   TEXT,                        -- NULL while only one person sees it (slash commands)
    author      TEXT,                        -- who pasted it: a user id or a bot id
    fingerprint TEXT    NOT NULL,            -- what makes two cases the same error: the topic, or the alert group
    post        TEXT,                        -- key of its card in the outbox
    version     INTEGER NOT NULL,            -- counts changes: who changes an old version reads the case anew
    body        TEXT    NOT NULL,            -- JSON
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX cases_of_channel ON cases (channel, updated_at);
CREATE INDEX cases_by_age ON cases (updated_at);

-- Who has had to do with a case, for the Home tab.
CREATE TABLE case_people (
    user    TEXT    NOT NULL,
    case_id TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (user, case_id)
) STRICT;
CREATE INDEX case_people_by_time ON case_people (user, at);

-- What an answered message was answered with: its post in the outbox, and its case when it has one.
ALTER TABLE answers ADD COLUMN post TEXT;
ALTER TABLE answers ADD COLUMN case_id TEXT;
CREATE INDEX answers_of_case ON answers (case_id) WHERE case_id IS NOT NULL;

-- Channels in which people asked the bot to be quiet.
CREATE TABLE mutes (
    channel  TEXT    PRIMARY KEY,
    muted_by TEXT    NOT NULL,
    until    INTEGER,                        -- NULL: until somebody unmutes
    at       INTEGER NOT NULL
) STRICT;
