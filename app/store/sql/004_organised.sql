-- Where chats stand in the list: folders, pins, tags, the archive.
CREATE TABLE folders (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  deleted_at INTEGER                      -- not NULL: removed; its chats stand outside of folders
) STRICT;

ALTER TABLE chats ADD COLUMN folder TEXT NOT NULL DEFAULT '';   -- id of a folder, or ''
ALTER TABLE chats ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1));
ALTER TABLE chats ADD COLUMN archived INTEGER NOT NULL DEFAULT 0 CHECK (archived IN (0, 1));
ALTER TABLE chats ADD COLUMN tags TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tags));
-- Who gave the title: '' the first question, 'model', 'user'.
ALTER TABLE chats ADD COLUMN titled_by TEXT NOT NULL DEFAULT 'user' CHECK (titled_by IN ('', 'model', 'user'));
