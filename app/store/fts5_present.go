//go:build sqlite_fts5 || fts5

package store

// fts5 tells whether SQLite was built with full text search.
const fts5 = true
