-- Files that were added. Everything that is made of one goes with it.
CREATE TABLE documents (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  id          TEXT NOT NULL UNIQUE,
  sha256      TEXT NOT NULL,                       -- of the content that is indexed, or is to be
  path        TEXT NOT NULL,
  name        TEXT NOT NULL,
  folder      TEXT NOT NULL,                       -- the watched folder it was found in, or ''
  state       TEXT NOT NULL CHECK (state IN ('queued', 'reading', 'embedding', 'ready', 'paused', 'failed')),
  title       TEXT NOT NULL,
  receipt     TEXT NOT NULL CHECK (json_valid(receipt)),
  tokens      INTEGER NOT NULL,
  chunks      INTEGER NOT NULL,                    -- as the service counted; the tables below are what holds
  vectors     INTEGER NOT NULL,
  sheets      TEXT NOT NULL CHECK (json_valid(sheets)),
  size        INTEGER NOT NULL,                    -- bytes
  modified_at INTEGER NOT NULL,                    -- of the file; all times: ms since 1970
  added_at    INTEGER NOT NULL,
  indexed_at  INTEGER NOT NULL                     -- 0: not yet
) STRICT;

CREATE INDEX documents_by_content ON documents (sha256);
CREATE INDEX documents_by_path ON documents (path);

-- The text of each page as the parser gave it; offsets of chunks count its bytes.
CREATE TABLE pages (
  document INTEGER NOT NULL REFERENCES documents (seq) ON DELETE CASCADE,
  number   INTEGER NOT NULL,                       -- from 1
  label    TEXT NOT NULL,
  text     TEXT NOT NULL,
  width    REAL NOT NULL,                          -- points; 0 where the kind has none
  height   REAL NOT NULL,
  PRIMARY KEY (document, number)
) STRICT;

CREATE TABLE chunks (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,    -- never used twice: indexes in memory hold on to it
  document   INTEGER NOT NULL REFERENCES documents (seq) ON DELETE CASCADE,
  seq        INTEGER NOT NULL,                     -- within the document, from 0
  page       INTEGER NOT NULL,
  start_byte INTEGER NOT NULL,                     -- of that page's text
  end_page   INTEGER NOT NULL,
  end_byte   INTEGER NOT NULL,                     -- of that page's text
  heading    TEXT NOT NULL,                        -- path, outermost first, parted by ' › '
  text       TEXT NOT NULL,
  tokens     INTEGER NOT NULL,
  unspaced   INTEGER NOT NULL,                     -- 1: holds a script that does not part words
  UNIQUE (document, seq)
) STRICT;

-- Whose vectors are kept: a model, by its weights' digest and prefixes.
CREATE TABLE embedders (
  id  INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE
) STRICT;

-- One vector of each chunk, as float16 values, little-endian, of length 1.
CREATE TABLE vectors (
  chunk    INTEGER PRIMARY KEY REFERENCES chunks (id) ON DELETE CASCADE,
  embedder INTEGER NOT NULL REFERENCES embedders (id),
  vector   BLOB NOT NULL
) STRICT;

CREATE TABLE collections (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  folder     TEXT NOT NULL,                        -- watched, or ''
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE collection_documents (
  collection TEXT NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
  document   INTEGER NOT NULL REFERENCES documents (seq) ON DELETE CASCADE,
  PRIMARY KEY (collection, document)
) STRICT, WITHOUT ROWID;

CREATE INDEX collection_documents_by_document ON collection_documents (document);

-- What a chat answers from, and what an answer stood on.
ALTER TABLE chats ADD COLUMN sources TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(sources));
ALTER TABLE messages ADD COLUMN evidence TEXT CHECK (evidence IS NULL OR json_valid(evidence));
