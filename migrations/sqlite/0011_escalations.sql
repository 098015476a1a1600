-- Requests to services that page people, until they are sent. What they hold is redacted before it is stored.
CREATE TABLE pages (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    key        TEXT    NOT NULL UNIQUE,      -- the same key is never sent twice
    case_id    TEXT    NOT NULL,
    pager      TEXT    NOT NULL,             -- as oncall.toml calls it
    action     TEXT    NOT NULL,             -- trigger, acknowledge
    body       TEXT,                         -- JSON; NULL once sent
    state      TEXT    NOT NULL,             -- pending, sent, failed, dropped
    attempts   INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    error      TEXT
) STRICT;
CREATE INDEX pages_pending ON pages (next_at, seq) WHERE state = 'pending';
CREATE INDEX pages_of_case ON pages (case_id);
CREATE INDEX pages_by_age ON pages (created_at);

-- When the next step of an escalation is due that nobody has acknowledged. A case may have several escalations.
CREATE TABLE escalation_timers (
    case_id    TEXT    NOT NULL,
    escalation TEXT    NOT NULL,             -- id of its first step within the case
    due_at     INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,   -- tries in which Slack did not say where the step may be posted
    PRIMARY KEY (case_id, escalation)
) STRICT;
CREATE INDEX escalation_timers_due ON escalation_timers (due_at);
