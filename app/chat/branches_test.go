package chat_test

import (
	"testing"

	"freehold/app/chat"
)

func TestBranchesGoAndComeBack(t *testing.T) {
	f := setUp(t, &fakeEngine{words: 1})
	t.Run("on the disk", func(t *testing.T) { testBranches(t, f, f.newChat()) })
	c, err := f.CreateTemporary(t.Context(), "tiny", "", chat.DefaultSampling())
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Delete(t.Context(), f.onlyChat()); err != nil { // its words would be found too
		t.Fatal(err)
	}
	t.Run("in memory", func(t *testing.T) { testBranches(t, f, c) })
}

func (f fixture) onlyChat() string {
	f.t.Helper()
	all, err := f.List(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	for _, c := range all {
		if !c.Temporary {
			return c.ID
		}
	}
	f.t.Fatal("no chat on the disk")
	return ""
}

func testBranches(t *testing.T, f fixture, c chat.Chat) {
	q1, a1 := f.ask(c.ID, "", "first")
	q2, a2 := f.ask(c.ID, a1.ID, "second elephant")
	other, err := f.Regenerate(t.Context(), c.ID, a1.ID)
	if err != nil {
		t.Fatal(err)
	}
	f.wait(other.ID)

	// An answer that has another one beside it goes alone, with what follows it.
	got, root, err := f.RemoveBranch(t.Context(), c.ID, a1.ID)
	if err != nil {
		t.Fatal(err)
	}
	if root != a1.ID || len(got.Messages) != 2 || got.Leaf != other.ID {
		t.Errorf("without the branch: root %q, %+v", root, got)
	}
	if kept := f.get(c.ID); len(kept.Messages) != 2 {
		t.Errorf("kept: %+v", kept.Messages)
	}
	if found, err := f.Search(t.Context(), "elephant"); err != nil || len(found) != 0 {
		t.Errorf("found what was removed: %+v, %v", found, err)
	}
	got, err = f.RestoreBranch(t.Context(), c.ID, root, a2.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Messages) != 5 || got.Leaf != a2.ID || got.Messages[2].ID != q2.ID {
		t.Errorf("brought back: %+v", got)
	}
	if found, err := f.Search(t.Context(), "elephant"); err != nil || len(found) != 1 {
		t.Errorf("search after bringing back: %+v, %v", found, err)
	}

	// A question goes with its only answer; the last exchange leaves an empty chat.
	if got, root, err = f.RemoveBranch(t.Context(), c.ID, a2.ID); err != nil || root != q2.ID || got.Leaf != a1.ID {
		t.Errorf("the only answer: root %q, leaf %q, %v", root, got.Leaf, err)
	}
	got, all, err := f.RemoveBranch(t.Context(), c.ID, q1.ID)
	if err != nil || len(got.Messages) != 0 || got.Leaf != "" {
		t.Errorf("everything: %+v, %v", got, err)
	}
	if _, err := f.RestoreBranch(t.Context(), c.ID, q2.ID, a2.ID); err == nil {
		t.Error("a branch came back to nothing")
	}
	if got, err = f.RestoreBranch(t.Context(), c.ID, all, "nobody"); err != nil || len(got.Messages) != 3 || got.Leaf != other.ID {
		t.Errorf("all but the inner branch: %+v, %v", got, err)
	}
	if _, _, err := f.RemoveBranch(t.Context(), c.ID, "nobody"); err == nil {
		t.Error("a message that is not there was removed")
	}
}

func TestABranchThatIsWrittenStays(t *testing.T) {
	f := setUp(t, &fakeEngine{words: 1_000_000, delay: 1_000_000})
	c := f.newChat()
	msgs, err := f.Send(t.Context(), c.ID, "", "on and on")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.RemoveBranch(t.Context(), c.ID, msgs[0].ID); err == nil {
		t.Error("a branch was removed while it was being written")
	}
	if _, err := f.Fork(t.Context(), c.ID, msgs[1].ID); err == nil {
		t.Error("half an answer was copied")
	}
	f.Stop(c.ID)
	f.wait(msgs[1].ID)
}

func TestForkCopiesTheWayThere(t *testing.T) {
	f := setUp(t, &fakeEngine{words: 1})
	c := f.newChat()
	_, a1 := f.ask(c.ID, "", "first")
	f.ask(c.ID, a1.ID, "second")
	again, err := f.Regenerate(t.Context(), c.ID, a1.ID)
	if err != nil {
		t.Fatal(err)
	}
	f.wait(again.ID)
	fork, err := f.Fork(t.Context(), c.ID, a1.ID)
	if err != nil {
		t.Fatal(err)
	}
	got := f.get(fork.ID)
	if len(got.Messages) != 2 || got.Leaf != got.Messages[1].ID || got.Messages[1].Content != a1.Content || got.Messages[1].ParentID != got.Messages[0].ID ||
		got.Messages[0].ID == f.get(c.ID).Messages[0].ID || got.Title != "first" || got.Model != "tiny" {
		t.Errorf("the copy: %+v", got)
	}
	if _, a := f.ask(fork.ID, got.Leaf, "third"); a.Status != chat.Complete {
		t.Errorf("the copy cannot go on: %+v", a)
	}
	if len(f.get(c.ID).Messages) != 5 {
		t.Error("the first chat changed")
	}
	if empty, err := f.Fork(t.Context(), c.ID, ""); err != nil || len(empty.Messages) != 0 {
		t.Errorf("a fork of nothing: %+v, %v", empty, err)
	}
	if _, err := f.Fork(t.Context(), c.ID, "nobody"); err == nil {
		t.Error("a fork of a message that is not there")
	}
}
