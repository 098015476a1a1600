-- Issues to create in trackers: one a case, until it is there. What a request holds is redacted before it is stored.
CREATE TABLE case_issues (
    case_id    TEXT    NOT NULL PRIMARY KEY,
    tracker    TEXT    NOT NULL,             -- as oncall.toml calls it
    body       TEXT,                         -- JSON; NULL once it is created or given up
    state      TEXT    NOT NULL,             -- pending, sent, failed, dropped
    attempts   INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,             -- time of the first request: no issue of the case is older
    next_at    INTEGER NOT NULL,
    error      TEXT
) STRICT;
CREATE INDEX case_issues_pending ON case_issues (next_at) WHERE state = 'pending';
CREATE INDEX case_issues_by_age ON case_issues (created_at);
