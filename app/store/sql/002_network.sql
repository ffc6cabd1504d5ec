-- Downloads that have not ended. Each process writes only the rows of those
-- that it runs.
CREATE TABLE downloads (
  ref      TEXT PRIMARY KEY,
  name     TEXT NOT NULL,
  plan     TEXT NOT NULL CHECK (json_valid(plan)),  -- what is to be fetched; null until it is known
  state    TEXT NOT NULL CHECK (state IN ('queued', 'paused', 'failed')),
  error    TEXT NOT NULL,
  done     INTEGER NOT NULL,                        -- bytes
  total    INTEGER NOT NULL,                        -- bytes; 0 while unknown
  position INTEGER NOT NULL                         -- in the queue, the smallest first
) STRICT;

-- The newest requests that were made to other machines.
CREATE TABLE requests (
  id      INTEGER PRIMARY KEY,  -- grows with time
  request TEXT NOT NULL CHECK (json_valid(request))
) STRICT;
