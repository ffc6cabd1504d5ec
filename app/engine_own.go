package app

import (
	"context"
	"errors"

	"freehold/models/library"
)

type ownEngine struct{}

var errNoEngine = errors.New("this build has no engine")

func (ownEngine) Open(context.Context, string, LoadOptions, func(done, total int64)) (Weights, error) {
	return nil, errNoEngine
}

func (ownEngine) OpenVocabulary(context.Context, string, LoadOptions) (Vocabulary, error) {
	return nil, errNoEngine
}

type hubPuller struct{ l *library.Library }

func newPuller(l *library.Library) Puller { return hubPuller{l} }

func (hubPuller) Name(ref string) (string, error) {
	return "", errors.New("this build cannot download")
}

func (hubPuller) Pull(context.Context, string, func(done, total int64)) error {
	return errors.New("this build cannot download")
}
