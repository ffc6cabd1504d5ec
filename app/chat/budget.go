package chat

import (
	"context"
	"fmt"
	"sort"
)

const (
	usualReserve = 1024 // tokens kept free for an answer, if a quarter of the context is not less
	leastReserve = 64   // below this no answer is worth starting
)

// reserve is how many of limit tokens are kept free for the answer.
func reserve(limit, maxTokens int) int {
	if maxTokens > 0 {
		return min(maxTokens, limit/2)
	}
	return min(usualReserve, limit/4)
}

// fitting is a prompt that fits.
type fitting struct {
	turns   []Turn
	leftOut int // oldest turns that are not among them
	tokens  int // of the prompt
}

// fit leaves out as few of the oldest question-answer pairs as it can, so that
// the prompt and the answer fit into the context. The last question always
// stays; if it does not fit by itself, that is an error.
func fit(ctx context.Context, c Counter, system string, all []Turn, maxTokens int) (fitting, error) {
	limit := c.ContextLength()
	room := limit - reserve(limit, maxTokens)
	count := func(from int) (int, error) { return c.Prompt(ctx, system, all[from:]) }

	n, err := count(0)
	if err != nil {
		return fitting{}, err
	}
	if n <= room {
		return fitting{turns: all, tokens: n}, nil
	}
	// Candidates start with a question. Fewer turns never take more tokens.
	var starts []int
	for i, t := range all {
		if i > 0 && t.Role == User {
			starts = append(starts, i)
		}
	}
	var failed error
	i := sort.Search(len(starts), func(i int) bool {
		n, err := count(starts[i])
		if err != nil {
			failed = err
		}
		return err == nil && n <= room
	})
	if failed != nil {
		return fitting{}, failed
	}
	from := len(all) - 1
	if i < len(starts) {
		from = starts[i]
	}
	if n, err = count(from); err != nil {
		return fitting{}, err
	}
	if n > limit-min(leastReserve, limit/4) {
		return fitting{}, fmt.Errorf("the question takes %d tokens with the system prompt, but the context holds only %d; shorten it, or raise the context length in the settings", n, limit)
	}
	return fitting{turns: all[from:], leftOut: from, tokens: n}, nil
}

// use measures how the context would be filled. draft may be empty.
func use(ctx context.Context, c Counter, system string, history []Turn, draft string, maxTokens int) (ContextUse, error) {
	limit := c.ContextLength()
	u := ContextUse{Limit: limit, Answer: reserve(limit, maxTokens)}
	if system != "" {
		u.System = c.Tokens(system)
	}
	all := history
	if draft != "" {
		u.Draft = c.Tokens(draft)
		all = append(all[:len(all):len(all)], Turn{User, draft})
	}
	if len(all) > 0 {
		f, err := fit(ctx, c, system, all, maxTokens)
		if err != nil {
			// It does not fit; say by how much.
			n, countErr := c.Prompt(ctx, system, all[len(all)-1:])
			if countErr != nil {
				return u, countErr
			}
			f = fitting{leftOut: len(all) - 1, tokens: n}
		}
		u.LeftOut = f.leftOut
		u.History = max(0, f.tokens-u.System-u.Draft)
	}
	u.Total = u.System + u.History + u.Draft + u.Answer
	return u, nil
}
