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

-- What replicas share for a short time. Unlogged: after a crash of the server both tables are empty, and nothing that
-- matters is lost; in return no commit waits for the disk.

-- Interactions that a replica answers, so that another one to which Slack delivers the same interaction does not.
CREATE UNLOGGED TABLE interactions (
    key      TEXT COLLATE "C" PRIMARY KEY,
    owner    TEXT NOT NULL,                  -- id of the replica's process
    begun_at TIMESTAMPTZ NOT NULL,
    answered BOOLEAN NOT NULL DEFAULT false,
    answer   TEXT                            -- JSON for the acknowledgement; NULL: none
);
CREATE INDEX interactions_by_age ON interactions (begun_at);

-- Slack's limits for the whole app: the time at which the next call of a bucket would be due if calls had always come
-- evenly.
CREATE UNLOGGED TABLE pace (
    bucket TEXT COLLATE "C" PRIMARY KEY,
    due    TIMESTAMPTZ NOT NULL
);
