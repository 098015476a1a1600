-- Answers that were not posted, for their channel is in shadow mode. What they hold is redacted before it is stored.
CREATE TABLE shadow_answers (
    message      TEXT    PRIMARY KEY,        -- team:channel:ts
    channel      TEXT    NOT NULL,
    thread_ts    TEXT    NOT NULL,           -- of the thread in which it would have been answered
    author       TEXT,                       -- who pasted the error: a user id or a bot id
    fingerprint  TEXT    NOT NULL,           -- what makes two answers those to the same error
    kind         TEXT    NOT NULL,           -- answer, repeat
    runbook      TEXT    NOT NULL,           -- path
    section      TEXT,                       -- heading; NULL for the whole runbook
    nth          INTEGER NOT NULL,           -- which of several sections with this heading
    confidence   REAL    NOT NULL,
    evidence     TEXT    NOT NULL,           -- the strongest line of the message
    link         TEXT,                       -- to the message, where Slack gave it
    texts        TEXT    NOT NULL,           -- JSON: [[message, text], …]; several when they were pasted in pieces
    post         TEXT,                       -- key of the message to the owners in the outbox
    verdict      TEXT,                       -- right, wrong, silent; NULL until somebody judges it
    verdict_by   TEXT,
    verdict_name TEXT,
    verdict_at   INTEGER,
    version      INTEGER NOT NULL,           -- counts changes: who changes an old version reads the row anew
    body         TEXT    NOT NULL,           -- JSON: the case as it would have been
    at           INTEGER NOT NULL
) STRICT;
CREATE INDEX shadow_answers_by_age ON shadow_answers (at);
CREATE INDEX shadow_answers_by_thread ON shadow_answers (channel, thread_ts, at DESC);
CREATE INDEX shadow_answers_by_fingerprint ON shadow_answers (channel, fingerprint, at DESC);
