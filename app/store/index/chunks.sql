-- Full text of chunks and of the headings they stand under: words, stemmed, and
-- trigrams of those in scripts that do not part words.
CREATE VIRTUAL TABLE IF NOT EXISTS chunk_words USING fts5 (heading, text, content = 'chunks', content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE IF NOT EXISTS chunk_grams USING fts5 (text, content = '', contentless_delete = 1, tokenize = 'trigram');
CREATE VIRTUAL TABLE IF NOT EXISTS chunk_terms USING fts5vocab (chunk_words, row);

INSERT INTO chunk_words (chunk_words) VALUES ('rebuild');
INSERT INTO chunk_grams (chunk_grams) VALUES ('delete-all');
INSERT INTO chunk_grams (rowid, text) SELECT id, text FROM chunks WHERE unspaced = 1;

CREATE TRIGGER chunk_indexed AFTER INSERT ON chunks BEGIN
  INSERT INTO chunk_words (rowid, heading, text) VALUES (new.id, new.heading, new.text);
  INSERT INTO chunk_grams (rowid, text) SELECT new.id, new.text WHERE new.unspaced = 1;
END;

CREATE TRIGGER chunk_unindexed AFTER DELETE ON chunks BEGIN
  INSERT INTO chunk_words (chunk_words, rowid, heading, text) VALUES ('delete', old.id, old.heading, old.text);
  DELETE FROM chunk_grams WHERE rowid = old.id AND old.unspaced = 1;
END;
