// Package agreement holds what another engine computed on the same GGUF file,
// as recorded by bench/golden, for the engine to be compared with.
package agreement

import (
	"encoding/json"
	"fmt"
	"os"
)

// Golden is a recorded run of another engine.
type Golden struct {
	Engine      string     `json:"engine"`
	Model       string     `json:"model"`
	ModelSHA256 string     `json:"modelSha256"`
	TextSHA256  string     `json:"textSha256"` // of the perplexity text
	Perplexity  Perplexity `json:"perplexity"`
	Noise       float64    `json:"noise"` // mean difference of the margins between settings of that engine
	Cases       []Case     `json:"cases"`
}

// Perplexity is exp of the mean negative log likelihood of the tokens in the
// second half of each chunk of Context tokens.
type Perplexity struct {
	Value    float64 `json:"value"`
	StdError float64 `json:"stdError"`
	Context  int     `json:"context"`
}

// Case is one greedy continuation.
type Case struct {
	Name         string    `json:"name"`
	Messages     []Message `json:"messages,omitempty"` // if the prompt was made by the chat template
	Prompt       string    `json:"prompt"`
	PromptTokens []int32   `json:"promptTokens"`
	Tokens       []int32   `json:"tokens"`
	EndOfText    bool      `json:"endOfText"` // the model ended by itself behind Tokens
	Stable       int       `json:"stable"`    // leading tokens that the other engine also chooses under other settings; all of Tokens if it then ends too
	Second       []int32   `json:"second"`    // the runner-up at each step, -1 if it is not known
	Margin       []float64 `json:"margin"`    // logit of the best token less the runner-up's, -1 if it is not known
}

// Message is one turn of a chat.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Read loads a recorded run.
func Read(path string) (*Golden, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	g := &Golden{}
	if err := json.Unmarshal(b, g); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return g, nil
}
