package app

import (
	"context"
	"errors"
)

// What waits for its layer below.

var errNotYet = errors.New("this part of Freehold is not ready yet")

func (c *Core) BeginWriteBundle(string, []string) error { return errNotYet }
func (c *Core) BeginReadBundle(string) error            { return errNotYet }

func (c *Core) WriteBundle(context.Context, string, []string, func(done, total int64)) error {
	return errNotYet
}
func (c *Core) readBundle(context.Context, string, func(done, total int64)) ([]Model, error) {
	return nil, errNotYet
}
func isBundle(string) bool { return false }
