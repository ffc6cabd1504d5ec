// Package document keeps the user's files readable to a model: it reads them,
// cuts them into chunks, indexes these, finds passages for a question and says
// afterwards which sentences of an answer they bear out. It knows neither SQL
// nor the engine; both are interfaces here.
package document

import "freehold/app/document/parse"

// State is how far a document has come.
type State string

const (
	Queued    State = "queued"
	Reading   State = "reading"   // the parser is at work
	Embedding State = "embedding" // its text can be searched by words already
	Ready     State = "ready"
	Paused    State = "paused"
	Failed    State = "failed" // nothing of it could be read; Receipt says why
)

// Document is a file that was added.
type Document struct {
	ID      string        `json:"id"`
	Name    string        `json:"name"`   // of the file
	Path    string        `json:"path"`   // where it lies; pages are drawn from there
	Folder  string        `json:"folder"` // the watched folder it was found in, or ""
	State   State         `json:"state"`
	Title   string        `json:"title"`
	Receipt parse.Receipt `json:"receipt"`
	Tokens  int           `json:"tokens"` // of its text, by the embedder's tokenizer
	Chunks  int           `json:"chunks"`
	// Vectors tells how many chunks have one. Fewer than Chunks without an
	// embedder: search is then by words only.
	Vectors     int      `json:"vectors"`
	Sheets      []Sheet  `json:"sheets"`
	Missing     bool     `json:"missing"` // the file is no longer at Path, or has changed since
	AddedAt     int64    `json:"addedAt"` // ms since 1970
	IndexedAt   int64    `json:"indexedAt"`
	ModifiedAt  int64    `json:"modifiedAt"`  // of the file
	Collections []string `json:"collections"` // IDs
}

// Sheet is a table that can be asked in SQL.
type Sheet struct {
	Name    string   `json:"name"`  // of the sheet in the file
	Table   string   `json:"table"` // in SQL
	Columns []Column `json:"columns"`
	Rows    int      `json:"rows"`
}

// Column of a sheet.
type Column struct {
	Name   string `json:"name"`   // as the sheet's header has it
	Column string `json:"column"` // in SQL
	Type   string `json:"type"`   // INTEGER, REAL, TEXT, DATE or BOOLEAN
	Unit   string `json:"unit"`   // "%", "€" …
}

// Collection is a named set of documents that any chat may use.
type Collection struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Folder    string `json:"folder"` // watched: what changes there changes here; "" if none
	Documents int    `json:"documents"`
	CreatedAt int64  `json:"createdAt"` // ms since 1970
}

// Sources are what a chat answers from.
type Sources struct {
	Documents   []string `json:"documents"`   // IDs
	Collections []string `json:"collections"` // IDs
	Route       Route    `json:"route"`       // "" chooses by the question
}

// Empty tells whether there is nothing to answer from.
func (s Sources) Empty() bool { return len(s.Documents) == 0 && len(s.Collections) == 0 }

// Route is a way to an answer.
type Route string

const (
	Auto   Route = ""
	Whole  Route = "whole"  // the model reads the documents from beginning to end
	Search Route = "search" // it reads the passages that suit the question
	Map    Route = "map"    // it reads all chunks, many at a time, and puts together what it found
	SQL    Route = "sql"    // the sheets are asked in SQL
	None   Route = "none"   // the documents are left alone: small talk, a question about the chat itself
)

// Passage is a stretch of a document that an answer may point to.
type Passage struct {
	N        int      `json:"n"` // by which the answer calls it: [1]
	Chunk    int64    `json:"chunk"`
	Document string   `json:"document"` // ID
	Name     string   `json:"name"`     // of the file
	Page     int      `json:"page"`
	Label    string   `json:"label"` // of the page, as the document has it
	Start    int      `json:"start"` // bytes of the page's text
	End      int      `json:"end"`
	EndPage  int      `json:"endPage"` // where End counts, if the passage goes on to another page; else Page
	Heading  []string `json:"heading"`
	Text     string   `json:"text"`
	Scores   Scores   `json:"scores"`
}

// Scores say why a passage was found. A rank counts from 1; 0: not found that way.
type Scores struct {
	Words      float64  `json:"words"` // BM25, higher is better
	WordsRank  int      `json:"wordsRank"`
	Vector     float64  `json:"vector"` // cosine
	VectorRank int      `json:"vectorRank"`
	Fused      float64  `json:"fused"` // reciprocal ranks, summed
	Rerank     float64  `json:"rerank"`
	RerankRank int      `json:"rerankRank"`
	Terms      []string `json:"terms"` // of the question that the passage has
}

// Evidence is what an answer stands on. It is kept with the answer.
type Evidence struct {
	Route     Route      `json:"route"`
	Chosen    bool       `json:"chosen"` // by the user, not by the question
	Why       string     `json:"why"`    // for people
	Passages  []Passage  `json:"passages"`
	Query     *Query     `json:"query"`     // what was asked of the sheets
	Sentences []Sentence `json:"sentences"` // of the answer, checked
	Absent    bool       `json:"absent"`    // the answer says that the documents do not tell
	Read      int        `json:"read"`      // chunks that the model got to see
	Of        int        `json:"of"`        // chunks there are
	LeftOut   []string   `json:"leftOut"`   // what was not read, and why; for people
	Budget    Budget     `json:"budget"`
	Took      Took       `json:"took"`
}

// Query is a question to sheets with its answer.
type Query struct {
	SQL     string     `json:"sql"`
	By      string     `json:"by"` // rules or model
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
	Total   int        `json:"total"` // rows that matched; Rows may be fewer
	Error   string     `json:"error"`
}

// Sentence of an answer with what bears it out.
type Sentence struct {
	Start   int     `json:"start"` // bytes of the answer
	End     int     `json:"end"`
	Cites   []int   `json:"cites"` // numbers of passages
	Verdict Verdict `json:"verdict"`
	Score   float64 `json:"score"` // 0 to 1
	// Quotes are the bytes of each cited passage's text that suit the sentence best.
	Quotes []Quote `json:"quotes"`
}

// Quote is a part of a passage.
type Quote struct {
	N     int `json:"n"`
	Start int `json:"start"` // bytes of Passage.Text
	End   int `json:"end"`
	// Where it stands on the passage's page, in bytes of the page's text; both
	// 0 where that is not known.
	PageStart int `json:"pageStart"`
	PageEnd   int `json:"pageEnd"`
}

// Verdict on a sentence.
type Verdict string

const (
	Supported   Verdict = "supported"
	Weak        Verdict = "weak"        // some of it
	Unsupported Verdict = "unsupported" // it cites a passage that does not say this, or none does
	NoClaim     Verdict = "none"        // a greeting, a heading, "I do not know"
)

// Budget is how the model's context was spent, in its tokens.
type Budget struct {
	Limit     int `json:"limit"`
	System    int `json:"system"`
	Documents int `json:"documents"`
	History   int `json:"history"`
	Question  int `json:"question"`
	Answer    int `json:"answer"` // kept free
}

// Took are times in milliseconds.
type Took struct {
	Route    float64 `json:"route"`
	Search   float64 `json:"search"`
	Map      float64 `json:"map"`
	Query    float64 `json:"query"`
	Generate float64 `json:"generate"`
	Check    float64 `json:"check"`
}

// Chunk is a passage as it is indexed.
type Chunk struct {
	ID       int64
	Document string
	Seq      int // within the document, from 0
	Page     int
	Start    int // bytes of the page's text
	EndPage  int
	End      int
	Heading  []string
	Text     string // without the layout's breaks
	Tokens   int    // heading and text together, by the embedder's tokenizer
}

// Indexed is what the embedder reads of a chunk.
func (c Chunk) Indexed() string {
	if len(c.Heading) == 0 {
		return c.Text
	}
	heading := ""
	for i, h := range c.Heading {
		if i > 0 {
			heading += " › "
		}
		heading += h
	}
	return heading + "\n" + c.Text
}

// Progress says how far a document is.
type Progress struct {
	Document string `json:"document"` // ID
	State    State  `json:"state"`
	Done     int    `json:"done"`
	Total    int    `json:"total"` // 0 while unknown
	Unit     string `json:"unit"`  // page, slide … of reading; chunk of embedding
}

// MapProgress says how far the model has read all chunks for an answer.
type MapProgress struct {
	ChatID    string `json:"chatId"`
	MessageID string `json:"messageId"`
	Done      int    `json:"done"` // chunk groups
	Total     int    `json:"total"`
}
