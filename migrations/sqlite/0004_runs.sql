-- Runs of Jenkins jobs. What they hold is redacted; values of secret parameters are never stored.
CREATE TABLE runs (
    id          TEXT    PRIMARY KEY,
    job         TEXT    NOT NULL,            -- as config/jobs.toml calls it
    user        TEXT    NOT NULL,            -- who asked for it
    channel     TEXT    NOT NULL,
    thread_ts   TEXT,                        -- NULL: its message begins a thread
    case_id     TEXT,                        -- the case that it gathers facts for
    fingerprint TEXT,                        -- what makes two runs the same; NULL with secret values: they are not compared
    live        INTEGER NOT NULL,            -- 1 until it has ended
    version     INTEGER NOT NULL,            -- counts changes: who changes an old version reads the run anew
    body        TEXT    NOT NULL,            -- JSON
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;
-- An identical run that is under way is joined, never repeated.
CREATE UNIQUE INDEX runs_once ON runs (fingerprint) WHERE live = 1 AND fingerprint IS NOT NULL;
CREATE INDEX runs_live ON runs (live) WHERE live = 1;
CREATE INDEX runs_of_user ON runs (user, created_at);
CREATE INDEX runs_of_case ON runs (case_id) WHERE case_id IS NOT NULL;
CREATE INDEX runs_by_age ON runs (updated_at);

-- Who asked for what, who allowed it and what came of it. Only ever added to; secrets are masked.
CREATE TABLE audit (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    what       TEXT    NOT NULL,             -- requested, refused, approved, declined, expired, triggered, …
    run        TEXT,                         -- NULL where no run came of it
    job        TEXT    NOT NULL,
    user       TEXT,                         -- NULL: the bot by itself
    name       TEXT,
    channel    TEXT,
    thread_ts  TEXT,
    parameters TEXT    NOT NULL,             -- JSON object, masked
    detail     TEXT    NOT NULL              -- JSON object: queue id, build, result, class of an error, …
) STRICT;
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_of_run ON audit (run) WHERE run IS NOT NULL;
