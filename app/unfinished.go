package app

import (
	"context"
	"errors"
)

// What waits for its layer below.

var errNotYet = errors.New("this part of Freehold is not ready yet")

func (c *Core) MeasureProfile(context.Context) (Profile, error) { return Profile{}, errNotYet }
func (c *Core) FitOf(context.Context, string, int, string) (Fit, error) {
	return Fit{Verdict: "unknown", Why: errNotYet.Error()}, nil
}
func (c *Core) BeginWriteBundle(string, []string) error { return errNotYet }
func (c *Core) BeginReadBundle(string) error            { return errNotYet }

func (c *Core) WriteBundle(context.Context, string, []string, func(done, total int64)) error {
	return errNotYet
}
func (c *Core) readBundle(context.Context, string, func(done, total int64)) ([]Model, error) {
	return nil, errNotYet
}
func isBundle(string) bool { return false }

func (c *Core) unknownFit(context.Context, int64) Fit { return Fit{Verdict: "unknown"} }
