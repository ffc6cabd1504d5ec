package document

import (
	"context"
	"errors"

	"freehold/app/document/parse"
)

// Errors of what is asked for and is not there.
var (
	ErrNotFound     = errors.New("this document is no longer here")
	ErrNoCollection = errors.New("this collection is no longer here")
)

// Part is some of a document's text with the chunks that end in it.
type Part struct {
	Pages  []parse.Page
	Chunks []Chunk // IDs are the store's to give
}

// Run is the IDs from one to another.
type Run struct{ First, Last int64 }

// Match is a chunk that was found by words.
type Match struct {
	Chunk int64
	Score float64 // BM25, higher is better
}

// Vector of a chunk: float16 values, little-endian, of length 1.
type Vector struct {
	Chunk  int64
	Values []byte
}

// Store keeps documents. Every call is one transaction: after a crash either
// all of it is there or nothing.
type Store interface {
	Documents(ctx context.Context) ([]Document, error) // newest first
	Document(ctx context.Context, id string) (Document, error)
	DocumentByContent(ctx context.Context, sha256 string) (Document, error) // ErrNotFound
	DocumentByPath(ctx context.Context, path string) (Document, error)      // ErrNotFound
	// SaveDocument adds a document or changes all of it but its text and its collections.
	SaveDocument(ctx context.Context, d Document) error
	RemoveDocuments(ctx context.Context, ids ...string) error // with all that was made of them

	ClearText(ctx context.Context, id string) error // before it is read again
	AddPart(ctx context.Context, id string, p Part) error
	Pages(ctx context.Context, id string) ([]parse.Page, error) // without blocks and words
	Page(ctx context.Context, id string, number int) (parse.Page, error)

	// Chunks reads chunks by ID, in that order; those that are gone are left out.
	Chunks(ctx context.Context, ids []int64) ([]Chunk, error)
	// ChunksOf reads the chunks of documents in their order, from the after-th of all on.
	ChunksOf(ctx context.Context, documents []string, after, limit int) ([]Chunk, error)
	CountChunks(ctx context.Context, documents []string) (chunks, tokens int, err error)
	// ChunkRuns tells which chunks belong to documents, as runs of their IDs in order.
	ChunkRuns(ctx context.Context, documents []string) ([]Run, error)
	// ChunkIDs are the IDs of all chunks of documents.
	ChunkIDs(ctx context.Context, documents []string) ([]int64, error)
	// Match finds the chunks that have some of the terms, best first. documents
	// nil: among all.
	Match(ctx context.Context, terms []string, documents []string, limit int) ([]Match, error)

	// WithoutVector lists chunks of a document that have no vector of the embedder.
	WithoutVector(ctx context.Context, embedder, document string, limit int) ([]Chunk, error)
	AddVectors(ctx context.Context, embedder string, v []Vector) error
	CountVectors(ctx context.Context, embedder, document string) (int, error)
	// Vectors passes all vectors of an embedder to each.
	Vectors(ctx context.Context, embedder string, each func(Vector) error) error
	// VectorsOf reads those of some chunks.
	VectorsOf(ctx context.Context, embedder string, chunks []int64) ([]Vector, error)

	Collections(ctx context.Context) ([]Collection, error)
	SaveCollection(ctx context.Context, c Collection) error
	DeleteCollection(ctx context.Context, id string) error // its documents stay
	SetCollection(ctx context.Context, id string, documents []string) error
	AddToCollection(ctx context.Context, id string, documents ...string) error
	// DocumentsIn are the IDs of the documents in collections.
	DocumentsIn(ctx context.Context, collections []string) ([]string, error)
}
