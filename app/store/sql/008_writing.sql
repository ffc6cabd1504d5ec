-- What was written and not sent yet; chat_id '' is the chat that does not exist yet.
CREATE TABLE drafts (
  chat_id   TEXT PRIMARY KEY,
  text      TEXT NOT NULL,
  edited_at INTEGER NOT NULL   -- ms since 1970; an older text never replaces a newer one
) STRICT;

-- Messages that wait for the answer before them.
CREATE TABLE queues (
  chat_id TEXT PRIMARY KEY,
  items   TEXT NOT NULL CHECK (json_valid(items)),
  held    TEXT NOT NULL        -- why nothing is sent; '' if it is
) STRICT;

-- Named ways of asking.
CREATE TABLE presets (
  id         TEXT PRIMARY KEY,
  preset     TEXT NOT NULL CHECK (json_valid(preset)),
  deleted_at INTEGER           -- not NULL: removed
) STRICT;
