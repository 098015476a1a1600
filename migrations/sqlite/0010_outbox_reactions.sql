-- A row of the outbox may add a reaction to a message: action 'react'.
ALTER TABLE outbox ADD COLUMN emoji TEXT;                    -- its name, without colons
ALTER TABLE outbox ADD COLUMN message_ts TEXT;               -- the message that gets it
