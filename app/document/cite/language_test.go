package cite

import (
	"testing"

	"freehold/app/document"
)

func TestComparable(t *testing.T) {
	lease := "The Landlord keeps the roof and the outside walls in repair. The rent is paid in two halves of the year."
	for _, tt := range []struct {
		question, text string
		want           bool
	}{
		{"Who keeps the roof in repair?", lease, true},
		{"What is the wavelength of a helium laser in the air?", lease, true},
		{"Wer hält das Dach und die Wände instand?", lease, false},
		{"누가 지붕을 수리합니까?", lease, false},
		{"谁负责维修屋顶？", lease, false},
		{"谁负责维修屋顶？", "房东负责维修屋顶和外墙。", true},
		{"roof?", lease, true},
		{"12?", lease, true},
		{"Who keeps the roof?", "", false},
	} {
		if got := Comparable(tt.question, []document.Passage{{Text: tt.text}}); got != tt.want {
			t.Errorf("%q over %q: %v", tt.question, tt.text, got)
		}
	}
}
