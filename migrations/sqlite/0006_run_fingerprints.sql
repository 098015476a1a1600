-- Random keys that never leave this store. `runs`: of the hashes in runs.fingerprint.
CREATE TABLE keys (
    name TEXT PRIMARY KEY,
    key  BLOB NOT NULL
) STRICT;
INSERT INTO keys (name, key) VALUES ('runs', randomblob(32));

-- runs.fingerprint held job and values as they were given. It is a keyed hash now (`hmac:`, hexadecimal digits); the old
-- ones are replaced when the store is opened.

-- Finds the other runs of a job within a time.
CREATE INDEX runs_of_job ON runs (job, updated_at);
