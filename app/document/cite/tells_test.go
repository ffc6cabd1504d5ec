package cite

import (
	"context"
	"errors"
	"testing"
)

// TestTells asks what passages tell, where there is no embedder.
func TestTells(t *testing.T) {
	p := passages("The General Public License lets you charge any price for copies of the program since 2007. Its warranty lasts two years. What one may do with the program in a house is for the owner to say, which was so before and does not change.", "Der Mieter zahlt die Miete bis zum dritten Werktag.")
	for question, want := range map[string]bool{
		"What price may I charge for copies?":                       true,
		"How long does the warranty last?":                          true,
		"What does the GPL say about copies?":                       true, // its initials are there
		"Which price was charged for copies in 2007?":               true,
		"Which price was charged for copies in 2019?":               false, // a year that is nowhere
		"Which price may one charge for copies in Japan?":           false, // a name
		"What Is The Price Of A Copy Of The Program For The Owner?": true,  // capitals everywhere are no names
		"Give me 3 reasons to charge a price for copies":            true,  // a small number says how much is wanted
		"What is the recipe for sauerkraut?":                        false,
		"Wie hoch ist die Kaution?":                                 true, // in another language than most passages: words do not tell
	} {
		if got, missing, err := Tells(t.Context(), question, p, nil); err != nil || got != want {
			t.Errorf("%s: %v %v %v", question, got, missing, err)
		}
	}
	if got, _, err := Tells(t.Context(), "Anything?", nil, nil); got || err != nil {
		t.Errorf("no passages: %v %v", got, err)
	}
	broken := errors.New("broken")
	if _, _, err := Tells(t.Context(), "What is the fine for violations?", p, func(context.Context, []string) ([][]float32, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
}
