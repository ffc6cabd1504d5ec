package library

import (
	"context"
	"fmt"
	"slices"
)

// Verify reads all files of the model with exactly this ref and returns an
// error if they are not what was imported. The first time that it reads a model
// of another tool whose digest that tool does not tell, it takes the digest
// down. progress, which may be nil, gets bytes read.
func (l *Library) Verify(ctx context.Context, ref string, progress func(done, total int64)) error {
	release, err := l.Hold(ref)
	if err != nil {
		return err
	}
	defer release()
	m, err := l.get(ref)
	if err != nil {
		return err
	}
	if m.Problem != "" {
		return fmt.Errorf("%s: %s", ref, m.Problem)
	}
	_, parts, err := inspect(m.Path)
	if err != nil {
		return fmt.Errorf("%s: %w", ref, err)
	}
	digest, err := digestParts(ctx, parts, "", reporter(progress, m.SizeBytes))
	if err != nil {
		return err
	}
	switch {
	case m.Digest == "":
		return l.learn(m, digest)
	case digest == m.Digest:
		return nil
	case m.Tool != "":
		return fmt.Errorf("%s: its file in the folder of %s is not what its name says (%s instead of %s); it is damaged: delete it there and get it again",
			ref, toolName(m.Tool), digest, m.Digest)
	}
	return fmt.Errorf("%s: its weights were changed or damaged after they were added (%s instead of %s); remove this model and get it again",
		ref, digest, m.Digest)
}

// learn records the digest of m, unless its file changed meanwhile.
func (l *Library) learn(m Model, digest string) error {
	unlock, err := l.lock()
	if err != nil {
		return err
	}
	defer unlock()
	now, err := l.get(m.Ref)
	if err != nil {
		return err
	}
	if now.Problem != "" || !slices.Equal(now.stamps, m.stamps) {
		return fmt.Errorf("%s: its file changed while it was read; verify it again", m.Ref)
	}
	now.Digest = digest
	return l.writeManifest(now)
}
