-- Full text: words for scripts that separate them, trigrams for those that do
-- not. A streaming answer is indexed once, when it is finished. The triggers
-- keep the index true; where they are missing it is made anew.
CREATE VIRTUAL TABLE IF NOT EXISTS message_words USING fts5 (content, content = 'messages', content_rowid = 'seq', tokenize = 'unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE IF NOT EXISTS message_grams USING fts5 (content, content = 'messages', content_rowid = 'seq', tokenize = 'trigram');

INSERT INTO message_words (message_words) VALUES ('rebuild');
INSERT INTO message_grams (message_grams) VALUES ('rebuild');
INSERT INTO message_words (message_words, rowid, content) SELECT 'delete', seq, content FROM messages WHERE status = 'streaming';
INSERT INTO message_grams (message_grams, rowid, content) SELECT 'delete', seq, content FROM messages WHERE status = 'streaming';

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
