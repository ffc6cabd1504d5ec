package app

import (
	"context"
	"errors"
)

type ownEngine struct{}

var errNoEngine = errors.New("this build has no engine")

func (ownEngine) Open(context.Context, string, LoadOptions, func(done, total int64)) (Weights, error) {
	return nil, errNoEngine
}

func (ownEngine) OpenVocabulary(context.Context, string, LoadOptions) (Vocabulary, error) {
	return nil, errNoEngine
}
