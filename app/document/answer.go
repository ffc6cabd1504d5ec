package document

import "context"

// Writer is the model that answers.
type Writer interface {
	ContextLength() int // tokens of prompt and answer together
	Tokens(text string) int
	// Write answers a prompt with at most so many tokens, always the likeliest.
	Write(ctx context.Context, system, prompt string, maxTokens int) (string, error)
}

// Ask is a question that wants an answer from documents.
type Ask struct {
	Question string
	History  []string // earlier questions of the conversation, the oldest first
	Sources  Sources
	Room     int                   // tokens that documents may take
	Progress func(done, total int) // of reading everything; may be nil
}

// Grounding is what a model gets to read for a question.
type Grounding struct {
	System   string // stands behind the user's own
	Question string // takes the question's place
	Direct   string // an answer that needs no model; then there is nothing else
	Evidence Evidence
}
