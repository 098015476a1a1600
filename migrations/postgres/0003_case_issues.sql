-- Issues to create in trackers: one a case, until it is there. What a request holds is redacted before it is stored.
CREATE TABLE case_issues (
    case_id    TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    tracker    TEXT   COLLATE "C" NOT NULL,  -- as oncall.toml calls it
    body       TEXT,                         -- JSON; NULL once it is created or given up
    state      TEXT   NOT NULL,              -- pending, sent, failed, dropped
    attempts   BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,              -- time of the first request: no issue of the case is older
    next_at    BIGINT NOT NULL,
    error      TEXT
);
CREATE INDEX case_issues_pending ON case_issues (next_at) WHERE state = 'pending';
CREATE INDEX case_issues_by_age ON case_issues (created_at);
