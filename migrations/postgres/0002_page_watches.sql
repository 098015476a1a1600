-- Pages whose service is asked whether somebody has acknowledged them.
CREATE TABLE page_watches (
    key        TEXT   COLLATE "C" NOT NULL PRIMARY KEY, -- key of the alert
    case_id    TEXT   COLLATE "C" NOT NULL,
    pager      TEXT   COLLATE "C" NOT NULL,  -- as oncall.toml calls it
    next_at    BIGINT NOT NULL,
    faults     BIGINT NOT NULL DEFAULT 0,    -- look-ups in a row that failed
    created_at BIGINT NOT NULL
);
CREATE INDEX page_watches_due ON page_watches (next_at);
CREATE INDEX page_watches_of_case ON page_watches (case_id);
