CREATE TABLE chats (
  id         TEXT PRIMARY KEY,
  title      TEXT NOT NULL,
  model      TEXT NOT NULL,
  system     TEXT NOT NULL,
  sampling   TEXT NOT NULL CHECK (json_valid(sampling)),
  leaf       TEXT NOT NULL,               -- last message of the shown branch; '' if there is none
  created_at INTEGER NOT NULL,            -- all times: ms since 1970
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER                      -- not NULL: in the bin
) STRICT;

CREATE INDEX chats_by_update ON chats (updated_at) WHERE deleted_at IS NULL;

-- A message is written once and, while an answer streams, grows; it is never
-- replaced. Edits and second answers are siblings under the same parent.
CREATE TABLE messages (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,  -- parents have a smaller one than their children
  id          TEXT NOT NULL UNIQUE,
  chat_id     TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
  parent_id   TEXT REFERENCES messages (id) ON DELETE CASCADE,
  role        TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
  content     TEXT NOT NULL,
  thinking    TEXT NOT NULL,
  model       TEXT NOT NULL,
  status      TEXT NOT NULL CHECK (status IN ('complete', 'streaming', 'stopped', 'error')),
  error       TEXT NOT NULL,
  stop_reason TEXT NOT NULL,
  left_out    INTEGER NOT NULL,
  timings     TEXT CHECK (timings IS NULL OR json_valid(timings)),
  created_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX messages_by_chat ON messages (chat_id, seq);
CREATE INDEX messages_by_parent ON messages (parent_id);
CREATE INDEX messages_streaming ON messages (status) WHERE status = 'streaming';

CREATE TABLE settings (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL CHECK (json_valid(value))
) STRICT;
