package cite

import (
	"testing"

	"freehold/app/document"
)

// TestExchanged holds claims of the wrong one, and of the wrong day, against a text
// that has all of their words.
func TestExchanged(t *testing.T) {
	lease := []document.Passage{{N: 1, Name: "lease.pdf", Heading: []string{"Lease"}, Text: "This lease is made on 3 March 2019. It ends on 31 March 2144. The rent is not reviewed before 1 April 2044. " +
		"The Tenant keeps the inside of the flat, its windows and its doors in good repair. The Landlord keeps the roof, the outside walls and the common parts in repair and may recover the cost under clause 4."}}
	for _, tt := range []struct {
		claim string
		want  document.Verdict
	}{
		{"The Landlord keeps the roof and the outside walls in repair [1].", document.Supported},
		{"The Tenant keeps the roof and the outside walls in repair [1].", document.Weak},
		{"The Tenant keeps the inside of the flat in good repair [1].", document.Supported},
		{"The lease was made on 3 March 2019 [1].", document.Supported},
		{"The lease was made on March 3, 2019 [1].", document.Supported},
		{"The lease ends on 31 March 2144 [1].", document.Supported},
		{"The rent is not reviewed before 31 March 2019 [1].", document.Weak},
	} {
		got, err := Check(t.Context(), tt.claim, lease, nil)
		if err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		if tt.want == document.Supported && got[0].Verdict != tt.want || tt.want != document.Supported && got[0].Verdict == document.Supported {
			t.Errorf("%q: %s", tt.claim, got[0].Verdict)
		}
	}
}
