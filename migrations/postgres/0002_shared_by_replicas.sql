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
