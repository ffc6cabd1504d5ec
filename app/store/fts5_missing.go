//go:build !(sqlite_fts5 || fts5)

package store

// Undefined on purpose: the compiler's message says which tag is missing.
const fts5Built = build_with_tags_sqlite_fts5
