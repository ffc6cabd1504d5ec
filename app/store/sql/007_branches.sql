-- A branch in the bin: its messages name the one that was removed with all below it.
ALTER TABLE messages ADD COLUMN removed TEXT;

-- That an answer was asked for beside others, how, and how it compared.
ALTER TABLE messages ADD COLUMN trial TEXT CHECK (trial IS NULL OR json_valid(trial));

CREATE INDEX messages_removed ON messages (removed) WHERE removed IS NOT NULL;
