// Package chat keeps conversations as trees and has them answered: it puts the
// prompt together, keeps it inside the model's context, streams the answer and
// saves it while it grows. It knows neither SQL nor the engine; both are
// interfaces here.
package chat

import "freehold/app/document"

// Role says who wrote a message.
type Role string

const (
	User      Role = "user"
	Assistant Role = "assistant"
)

// Status is the state of a message. Only an assistant's message is ever
// anything but complete.
type Status string

const (
	Complete  Status = "complete"
	Streaming Status = "streaming" // being written now
	Stopped   Status = "stopped"   // the user, or a crash, ended it; the text so far is kept
	Failed    Status = "error"     // see Message.Error
)

// Summary is what a list of chats shows.
type Summary struct {
	ID         string `json:"id"`
	Title      string `json:"title"`
	Model      string `json:"model"`     // reference of the model that answers next
	CreatedAt  int64  `json:"createdAt"` // ms since 1970
	UpdatedAt  int64  `json:"updatedAt"` // ms since 1970
	Leaf       string `json:"leaf"`      // last message of the branch that is shown; "" in an empty chat
	Generating bool   `json:"generating"`

	Folder   string   `json:"folder"` // id of the folder it stands in; "" or one that is gone: in none
	Pinned   bool     `json:"pinned"`
	Archived bool     `json:"archived"`
	Tags     []string `json:"tags"` // in the order they were given
	TitledBy Author   `json:"titledBy"`

	Temporary bool `json:"temporary"` // never on the disk; gone when Freehold ends
}

// Author says who gave a chat its title.
type Author string

const (
	ByQuestion Author = "" // it is the first question's beginning
	ByModel    Author = "model"
	ByUser     Author = "user"
)

// Folder holds chats.
type Folder struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	CreatedAt int64  `json:"createdAt"` // ms since 1970
}

// Chat is a whole conversation.
type Chat struct {
	Summary
	System   string           `json:"system"`
	Sampling Sampling         `json:"sampling"`
	Sources  document.Sources `json:"sources"`  // what it answers from
	Messages []Message        `json:"messages"` // the whole tree, parents before children
}

// Message is one node of a conversation's tree. Editing a question or asking
// for another answer adds a sibling; nothing is overwritten.
type Message struct {
	ID         string             `json:"id"`
	ChatID     string             `json:"chatId"`
	ParentID   string             `json:"parentId"` // "" for a root
	Role       Role               `json:"role"`
	Content    string             `json:"content"`
	Thinking   string             `json:"thinking"` // what a reasoning model wrote before its answer
	Model      string             `json:"model"`    // reference of the model that wrote it; "" for the user's
	Status     Status             `json:"status"`
	Error      string             `json:"error"`
	StopReason string             `json:"stopReason"` // eos, stop, length, cancelled, context, time, error or ""
	LeftOut    int                `json:"leftOut"`    // oldest messages of the branch that did not fit into this answer's prompt
	Timings    *Timings           `json:"timings"`
	CreatedAt  int64              `json:"createdAt"` // ms since 1970
	Evidence   *document.Evidence `json:"evidence"`  // what it stands on; nil if on no documents
	Trial      *Trial             `json:"trial"`     // nil unless it was asked for beside others
}

// Timings are measurements of one answer.
type Timings struct {
	PromptTokens     int     `json:"promptTokens"`
	CachedTokens     int     `json:"cachedTokens"` // of the prompt, found in the KV cache
	CompletionTokens int     `json:"completionTokens"`
	LoadMs           float64 `json:"loadMs"`       // waiting for the model to be loaded
	FirstTokenMs     float64 `json:"firstTokenMs"` // from the start of prefill to the first token
	PrefillMs        float64 `json:"prefillMs"`
	DecodeMs         float64 `json:"decodeMs"`
	PrefillPerSecond float64 `json:"prefillPerSecond"` // tokens really prefilled
	DecodePerSecond  float64 `json:"decodePerSecond"`
	ThinkingMs       float64 `json:"thinkingMs"` // from the first thought to the first word of the answer; 0: it did not think
}

// Sampling says how the next token is picked.
type Sampling struct {
	Temperature      float64  `json:"temperature"`      // 0: always the likeliest token
	TopK             int      `json:"topK"`             // 0: off
	TopP             float64  `json:"topP"`             // 1: off
	MinP             float64  `json:"minP"`             // 0: off
	TypicalP         float64  `json:"typicalP"`         // 1: off
	RepeatPenalty    float64  `json:"repeatPenalty"`    // 1: off
	FrequencyPenalty float64  `json:"frequencyPenalty"` // 0: off
	PresencePenalty  float64  `json:"presencePenalty"`  // 0: off
	Seed             int64    `json:"seed"`             // 0: a new one each time
	MaxTokens        int      `json:"maxTokens"`        // 0: until the model ends
	Stop             []string `json:"stop"`
}

// DefaultSampling is what a new chat starts with.
func DefaultSampling() Sampling {
	return Sampling{Temperature: 0.7, TopK: 40, TopP: 0.95, MinP: 0.05, TypicalP: 1, RepeatPenalty: 1, Stop: []string{}}
}

// ContextUse says how the context would be filled by the next question. All
// figures are tokens, counted with the model's own tokenizer.
type ContextUse struct {
	ChatID    string `json:"chatId"`
	Limit     int    `json:"limit"`
	System    int    `json:"system"`
	History   int    `json:"history"`
	Draft     int    `json:"draft"`
	Documents int    `json:"documents"` // of the last answer
	Answer    int    `json:"answer"`    // kept free for the answer
	Total     int    `json:"total"`     // sum of the above four
	LeftOut   int    `json:"leftOut"`   // oldest messages of the branch that would not be read
}

// TokenEvent is a piece of an answer that is being written.
type TokenEvent struct {
	ChatID    string  `json:"chatId"`
	MessageID string  `json:"messageId"`
	Text      string  `json:"text"`
	Thinking  bool    `json:"thinking"`
	Tokens    int     `json:"tokens"`    // so far
	PerSecond float64 `json:"perSecond"` // so far
}

// PrefillEvent says how much of the prompt has been read.
type PrefillEvent struct {
	ChatID    string `json:"chatId"`
	MessageID string `json:"messageId"`
	Done      int    `json:"done"`  // tokens
	Total     int    `json:"total"` // tokens
}
