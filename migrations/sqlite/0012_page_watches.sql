-- Pages whose service is asked whether somebody has acknowledged them.
CREATE TABLE page_watches (
    key        TEXT    NOT NULL PRIMARY KEY, -- key of the alert
    case_id    TEXT    NOT NULL,
    pager      TEXT    NOT NULL,             -- as oncall.toml calls it
    next_at    INTEGER NOT NULL,
    faults     INTEGER NOT NULL DEFAULT 0,   -- look-ups in a row that failed
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX page_watches_due ON page_watches (next_at);
CREATE INDEX page_watches_of_case ON page_watches (case_id);
