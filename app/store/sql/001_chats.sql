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

-- Full text: words for scripts that separate them, trigrams for those that do
-- not. A streaming answer is indexed once, when it is finished.
CREATE VIRTUAL TABLE message_words USING fts5 (content, content = 'messages', content_rowid = 'seq', tokenize = 'unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE message_grams USING fts5 (content, content = 'messages', content_rowid = 'seq', tokenize = 'trigram');

CREATE TRIGGER message_indexed AFTER INSERT ON messages WHEN new.status <> 'streaming' BEGIN
  INSERT INTO message_words (rowid, content) VALUES (new.seq, new.content);
  INSERT INTO message_grams (rowid, content) VALUES (new.seq, new.content);
END;

CREATE TRIGGER message_unindexed AFTER DELETE ON messages WHEN old.status <> 'streaming' BEGIN
  INSERT INTO message_words (message_words, rowid, content) VALUES ('delete', old.seq, old.content);
  INSERT INTO message_grams (message_grams, rowid, content) VALUES ('delete', old.seq, old.content);
END;

CREATE TRIGGER message_left_index BEFORE UPDATE OF content, status ON messages WHEN old.status <> 'streaming' BEGIN
  INSERT INTO message_words (message_words, rowid, content) VALUES ('delete', old.seq, old.content);
  INSERT INTO message_grams (message_grams, rowid, content) VALUES ('delete', old.seq, old.content);
END;

CREATE TRIGGER message_reindexed AFTER UPDATE OF content, status ON messages WHEN new.status <> 'streaming' BEGIN
  INSERT INTO message_words (rowid, content) VALUES (new.seq, new.content);
  INSERT INTO message_grams (rowid, content) VALUES (new.seq, new.content);
END;

CREATE TABLE settings (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL CHECK (json_valid(value))
) STRICT;
