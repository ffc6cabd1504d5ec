package app

import (
	"context"
	"slices"
)

// Notice is something that happened while nobody could be told.
type Notice struct {
	Kind string `json:"kind"` // import, export, backup, restore
	Text string `json:"text"`
	Path string `json:"path"` // of a file or folder that it is about; "" for none
}

const (
	noticesKey  = "notices"
	mostNotices = 20
)

// tell keeps a notice until the user has seen it.
func (c *Core) tell(n Notice) {
	ctx := context.Background()
	all, err := c.Notices(ctx)
	if err == nil && !slices.Contains(all, n) {
		all = append(all, n)
		err = c.Remember(ctx, noticesKey, all[max(0, len(all)-mostNotices):])
	}
	if err != nil {
		c.log.Warn("a notice was not kept", "notice", n.Text, "error", err)
	}
	c.log.Warn(n.Text)
}

// Notices are what the user has not been told yet.
func (c *Core) Notices(ctx context.Context) ([]Notice, error) {
	all := []Notice{}
	err := c.Recall(ctx, noticesKey, &all)
	return all, err
}

// ForgetNotices is called when the user has seen them.
func (c *Core) ForgetNotices(ctx context.Context) error {
	return c.Remember(ctx, noticesKey, []Notice{})
}
