package librarian

import (
	"strings"
	"testing"

	"freehold/app/document"
)

func TestWritten(t *testing.T) {
	answer := "The roof is the Landlord's [1]. The rent is £9."
	got := Written("Who keeps\nthe roof?", answer, "model", &document.Evidence{
		Passages:  []document.Passage{{N: 1, Name: "a_b.pdf", Page: 2, Label: "ii", Heading: []string{"3. Repairs"}, Text: "The Landlord *keeps*\n# the roof\n1. and walls"}, {N: 2, Name: "other.pdf"}},
		Sentences: []document.Sentence{{Start: 0, End: 31, Cites: []int{1}, Verdict: document.Supported}, {Start: 32, End: len(answer), Verdict: document.Unsupported}},
		LeftOut:   []string{"c.pdf could not be read: it is <empty>"}, Read: 1, Of: 2,
	})
	for _, want := range []string{"> Who keeps\n> the roof?\n\n" + answer, `- \[1\] **a\_b.pdf**, page ii, 3\. Repairs`, `  > The Landlord \*keeps\*` + "\\\n" + `  > \# the roof` + "\\\n" + `  > 1\. and walls`,
		"## Not borne out", "- The rent is £9.\n", "Written by model; read 1 of 2 passages; no passage bears out 1 sentence.", `- c.pdf could not be read: it is \<empty\>`} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if strings.Contains(got, "other.pdf") {
		t.Error("a passage that nothing cites is a source")
	}
	if got := Written("", "x", "", nil); got != "x\n" {
		t.Errorf("%q", got)
	}
}
