-- Times are milliseconds since 1970 in UTC.

-- What came in, until it is handled. The key is what makes two deliveries of one thing the same thing.
CREATE TABLE inbox (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    key         TEXT    NOT NULL UNIQUE,
    lane        TEXT    NOT NULL,            -- rows of one lane (a channel) are handled in order
    mentioned   INTEGER NOT NULL,            -- either arrival may know that the bot was mentioned
    payload     TEXT,                        -- raw and unredacted; NULL once handled
    received_at INTEGER NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    state       TEXT    NOT NULL,            -- waiting, handled, set_aside
    handled_at  INTEGER
) STRICT;
CREATE INDEX inbox_waiting ON inbox (seq) WHERE state = 'waiting';
CREATE INDEX inbox_payloads ON inbox (received_at) WHERE payload IS NOT NULL;

-- What is to be posted, until it is. Redacted before it is stored.
CREATE TABLE outbox (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    key          TEXT    NOT NULL UNIQUE,
    channel      TEXT    NOT NULL,
    thread_ts    TEXT,
    body         TEXT,                       -- NULL once sent
    state        TEXT    NOT NULL,           -- pending, sending, uncertain, sent, failed
    attempts     INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL,
    next_at      INTEGER NOT NULL,
    first_try_at INTEGER,
    posted_ts    TEXT,
    error        TEXT
) STRICT;
CREATE INDEX outbox_unsent ON outbox (seq) WHERE state IN ('pending', 'sending', 'uncertain');

-- Which messages were answered, so that an edit is not answered again.
CREATE TABLE answers (
    message     TEXT    PRIMARY KEY,
    about       TEXT    NOT NULL,
    answered_at INTEGER NOT NULL
) STRICT;
