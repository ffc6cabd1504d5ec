package cite

import (
	"slices"
	"strings"
	"testing"
	"time"

	"freehold/app/document"
)

func passages(texts ...string) []document.Passage {
	var all []document.Passage
	for i, t := range texts {
		all = append(all, document.Passage{N: i + 1, Name: "file.txt", Text: t})
	}
	return all
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []int
	}{
		{"So it is [1].", []int{1}}, {"So [1, 2] and [3][4].", []int{1, 2, 3, 4}}, {"[1-3]", []int{1, 2, 3}}, {"【2】 [^3]", []int{2, 3}},
		{"[passage 2]", []int{2}}, {"`[1]` and a [2](link)", nil}, {"```\n[1]\n```", nil}, {"[9]", nil}, {"x[99999999999]", nil}, {"So^1^, and so.^2,3^", []int{1, 2, 3}}, {"10^3^ bytes", nil}, {"[1]: note", nil},
	} {
		var got []int
		for _, m := range Parse(tt.text, 4) {
			got = append(got, m.Numbers...)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q: %v, want %v", tt.text, got, tt.want)
		}
	}
	if got := Strip("So it is [1]. And [2, 3] so."); got != "So it is. And so." {
		t.Errorf("%q", got)
	}
}

func TestSentences(t *testing.T) {
	for text, want := range map[string][]string{
		"One is 1.5, e.g. this. Two [1]. Three.[2] Four": {"One is 1.5, e.g. this.", "Two [1].", "Three.[2]", "Four"},
		"A line that\ngoes on. Next":                     {"A line that\ngoes on.", "Next"},
		"- an item\n- another [1]\n\nA paragraph":        {"- an item", "- another [1]", "A paragraph"},
		"First.\n[1]\nSecond.":                           {"First.\n[1]", "Second."},
		"```\ncode. more.\n```\nText.":                   {"Text."},
		"它是这样。然后那样！[1] 好":                                {"它是这样。", "然后那样！[1]", "好"},
	} {
		var got []string
		for _, s := range Sentences(text) {
			got = append(got, text[s.Start:s.End])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q:\n%q, want\n%q", text, got, want)
		}
	}
}

// TestCheck holds claims against passages that bear them out and that do not.
func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name, answer string
		passages     []document.Passage
		want         document.Verdict
		cites        []int
	}{
		{"as it stands", "The notice period is 14 days [1].", passages("The notice period is 14 days. The deposit is due within 30 days."), document.Supported, []int{1}},
		{"a number of another sentence", "The notice period is 30 days [1].", passages("The notice period is 14 days. The deposit is due within 30 days."), document.Unsupported, []int{1}},
		{"a number that is nowhere", "Revenue was 12 million [1].", passages("Revenue was 11 million in the year."), document.Unsupported, []int{1}},
		{"numbers written in other ways", "Revenue was 1,200,000 [1].", passages("Revenue was 1.200.000 in the year."), document.Supported, []int{1}},
		{"denied", "The insurance covers travel abroad [1].", passages("The insurance does not cover travel abroad."), document.Weak, []int{1}},
		{"denied, with a curly apostrophe", "The insurance covers travel abroad [1].", passages("The insurance doesn’t cover travel abroad."), document.Weak, []int{1}},
		{"without a mark", "The warranty lasts two years for batteries.", passages("Nothing here.", "The warranty for batteries lasts two years."), document.Supported, []int{2}},
		{"a mark that points nowhere", "The warranty lasts two years [9].", passages("The warranty lasts two years."), document.Weak, []int{1}},
		{"the wrong mark", "The warranty for batteries lasts two years [1].", passages("The office opens at nine.", "The warranty for batteries lasts two years."), document.Weak, []int{1, 2}},
		{"out of another row", "Phi-4-mini has the LFM Open License [1].", passages("Model\tLicence\nPhi-4-mini\tMIT\nQwen3\tApache-2.0\nLFM2\tLFM Open License v1.0"), document.Unsupported, []int{1}},
		{"out of another row, without numbers", "Alpha was bought from Northwind Traders in Lisbon [1].", passages("Product\tSeller\tCity\nAlpha\tContoso\tMadrid\nBeta\tFabrikam\tParis\nGamma\tNorthwind Traders\tLisbon"), document.Weak, []int{1}},
		{"out of its row", "Phi-4-mini has the licence MIT [1].", passages("Model\tLicence\nPhi-4-mini\tMIT\nQwen3\tApache-2.0\nLFM2\tLFM Open License v1.0"), document.Supported, []int{1}},
		{"a name in the place of another", "The deed was signed by Anna Holm in Oslo [1].", passages("The deed was signed by Karin Lund in Bergen."), document.Unsupported, []int{1}},
		{"one name of two", "The deed was signed by Karin Berg in Oslo [1].", passages("The deed was signed by Karin Lund in Oslo."), document.Weak, []int{1}},
		{"denied by one of two denials", "Messages cannot be posted without subscribing [1].", passages("Messages can be posted to the list even without subscribing."), document.Weak, []int{1}},
		{"denied both times", "The rule is not defined [1].", passages("It is not defined which rule counts, but a rule there is."), document.Supported, []int{1}},
		{"answered no", "Zlib can handle archives by itself [1].", passages("Can zlib handle archives?\nNot by itself, no."), document.Weak, []int{1}},
		{"a number in words", "The leader serves for two years [1].", passages("The leader serves for one year from the election."), document.Unsupported, []int{1}},
		{"a number in digits, and in words", "The leader serves for 2 years [1].", passages("The leader serves for two years from the election."), document.Supported, []int{1}},
		{"another sign", "The change of employment was 3.5 % [1].", passages("The change of employment was -3.5 % in the year."), document.Unsupported, []int{1}},
		{"the same sign", "The change of employment was −3.5 % [1].", passages("The change of employment was -3.5 % in the year."), document.Supported, []int{1}},
		{"what a program calls a thing", "The destructor is called object_destroy() [1].", passages("The destructor is called object_free(), as others are."), document.Unsupported, []int{1}},
		{"in a wrapped text", "The copyright holder must give notice within 60 days after the cessation [1].", passages("However, if you cease all violation, the copyright holder must give\nyou notice of it by some reasonable means, and that within 60 days\nafter the cessation."), document.Supported, []int{1}},
		{"made up", "The moon is made of green cheese.", passages("The warranty lasts two years."), document.Unsupported, nil},
		{"no claim", "Here is what I found:", passages("The warranty lasts two years."), document.NoClaim, nil},
	} {
		got, err := Check(t.Context(), tt.answer, tt.passages, nil)
		if err != nil || len(got) != 1 {
			t.Fatal(tt.name, got, err)
		}
		if got[0].Verdict != tt.want || !slices.Equal(got[0].Cites, append([]int{}, tt.cites...)) {
			t.Errorf("%s: %s %v (%.2f), want %s %v", tt.name, got[0].Verdict, got[0].Cites, got[0].Score, tt.want, tt.cites)
		}
		for _, q := range got[0].Quotes {
			if q.Start < 0 || q.End > len(tt.passages[q.N-1].Text) || q.Start >= q.End {
				t.Errorf("%s: quote %+v", tt.name, q)
			}
		}
	}
}

func TestAbsent(t *testing.T) {
	for text, want := range map[string]bool{
		"These files do not say.": true, "The documents do not mention this.": true, "There is no information about it.": true, "I could not find an answer.": true,
		"It is not mentioned in the passages.": true, "Die Dokumente enthalten dazu keine Angaben.": true, "文档中没有提到。": true,
		"The report does not cover travel abroad [1].": false, "Die Dokumente müssen nicht unterschrieben werden [1].": false,
		"The warranty is not transferable.": false, "The tenant must not provide keys to others.": false, "There is no limit on loans.": false,
	} {
		if got := Absent(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestAnswerable(t *testing.T) {
	p := passages("The warranty for batteries lasts two years and begins with the delivery.")
	for question, want := range map[string]bool{"How long does the warranty last for batteries?": true, "What is the capital of Mongolia?": false, "Who is Anna Schmidt?": false} {
		if score, missing := Answerable(question, p); score >= 0.34 != want {
			t.Errorf("%s: %.2f %v", question, score, missing)
		}
	}
}

// TestHostile checks that no text takes long.
func TestHostile(t *testing.T) {
	start := time.Now()
	for _, text := range []string{strings.Repeat(".", 1<<17), strings.Repeat("a.", 1<<16), strings.Repeat("[", 1<<17), strings.Repeat("`", 1<<17), strings.Repeat("[1] ", 1<<14), strings.Repeat("\n", 1<<17), strings.Repeat("` ", 1<<14)} {
		Sentences(text)
		Parse(text, 3)
		Absent(text)
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("took %v", d)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("One [1]. Two.", "One is one. 2,5 kg.")
	f.Add("`[1-99]【 1 】\xff", "\xff. ")
	f.Fuzz(func(t *testing.T, answer, passage string) {
		got, err := Check(t.Context(), answer, passages(passage, answer), nil)
		if err != nil {
			t.Fatal(err)
		}
		last := 0
		for _, s := range got {
			if s.Start < last || s.End > len(answer) || s.Start >= s.End {
				t.Fatalf("%+v of %d", s, len(answer))
			}
			last = s.End
		}
		Absent(answer)
		Answerable(answer, passages(passage))
		if _, _, err := Tells(t.Context(), answer, passages(passage), nil); err != nil {
			t.Fatal(err)
		}
	})
}
