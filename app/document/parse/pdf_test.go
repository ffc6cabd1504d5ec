package parse

import (
	"fmt"
	"strings"
	"testing"
)

func TestPDF(t *testing.T) {
	prose := func(y float64, lines ...string) string {
		var s strings.Builder
		for i, l := range lines {
			s.WriteString(pdfText(72, y-14*float64(i), 11, "F1", l))
		}
		return s.String()
	}
	row := func(y float64, cells ...string) string {
		var s strings.Builder
		for i, c := range cells {
			s.WriteString(pdfText(72+150*float64(i), y, 11, "F1", c))
		}
		return s.String()
	}
	d := read(t, "a.pdf", pdfFile(
		pdfText(72, 770, 22, "F2", "Annual Report")+
			prose(730, "The first paragraph of this report goes on over", "two lines of running text on its first page.")+
			prose(680, "Another paragraph stands here, also with enough", "words to be taken for the running text.")+
			pdfText(72, 640, 14, "F2", "Figures")+
			row(610, "Region", "Sales", "Share")+row(594, "North", "1,200", "60%")+row(578, "South", "800", "40%"),
		prose(770, "The second page has only this line of text.")))
	same(t, outline(d), `
== 1 Annual Report
heading 1: Annual Report
paragraph: The first paragraph of this report goes on over two lines of running text on its first page.
paragraph: Another paragraph stands here, also with enough words to be taken for the running text.
heading 3: Figures
row: Region | Sales | Share
row: North | 1,200 | 60%
row: South | 800 | 40%
== 2 
paragraph: The second page has only this line of text.`)
	if d.Title != "A test" || d.Language != "en-GB" || d.Receipt.Status != Read || d.Receipt.Unit != "page" || d.Receipt.PagesTotal != 2 {
		t.Errorf("%q %q %+v", d.Title, d.Language, d.Receipt)
	}
	if len(d.Tables) != 1 || strings.Join(d.Tables[0].Columns, ",") != "Region,Sales,Share" || d.Tables[0].Rows[1].Cells[1].Number != 1200 {
		t.Errorf("%+v", d.Tables)
	}
	p := d.Pages[0]
	if p.Width != 595 || p.Height != 842 {
		t.Errorf("page of %g by %g", p.Width, p.Height)
	}
	// The heading's base line is at 770 of 842 points from below.
	b := p.Blocks[0].Boxes[0]
	if b[0] < 70 || b[0] > 75 || b[1] < 45 || b[3] > 85 || b[3] < 72 || b[2] < 200 || b[2] > 240 {
		t.Errorf("heading at %v", b)
	}
	if p.Blocks[1].Path[0] != "Annual Report" {
		t.Errorf("path %v", p.Blocks[1].Path)
	}
}

// TestRunningHeads tells headers and page numbers from text.
func TestRunningHeads(t *testing.T) {
	var pages []string
	for i := range 4 {
		pages = append(pages, pdfText(72, 805, 12, "F2", "The Handbook")+pdfText(72, 700, 11, "F1", fmt.Sprintf("Text of page %d in some words.", i))+pdfText(290, 30, 11, "F1", fmt.Sprint(i+1)))
	}
	d := read(t, "a.pdf", pdfFile(pages...))
	for i, p := range d.Pages {
		var kinds []string
		for _, b := range p.Blocks {
			kinds = append(kinds, string(b.Kind))
		}
		want := "running paragraph running"
		if i == 0 {
			want = "paragraph paragraph running"
		}
		if got := strings.Join(kinds, " "); got != want {
			t.Errorf("page %d: %s, want %s", p.Number, got, want)
		}
	}
}

// TestColumns puts two columns that are drawn line by line in their order, and
// leaves those alone that are drawn one after the other.
func TestColumns(t *testing.T) {
	left := []string{"The left column has a number of lines of", "running text that go on below each other", "and are to be read before the right one,", "as every reader of a paper would do it", "without giving it a thought."}
	right := []string{"While the right column is the second of", "them, and is read when the left one has", "come to its end, which is here on the", "fifth line of the column, and then one", "goes on to the next page."}
	var across, down strings.Builder
	for i := range left {
		across.WriteString(pdfText(50, 700-14*float64(i), 11, "F1", left[i]) + pdfText(330, 700-14*float64(i), 11, "F1", right[i]))
		down.WriteString(pdfText(50, 700-14*float64(i), 11, "F1", left[i]))
	}
	for i := range right {
		down.WriteString(pdfText(330, 700-14*float64(i), 11, "F1", right[i]))
	}
	for name, page := range map[string]string{"across": across.String(), "down": down.String()} {
		d := read(t, "a.pdf", pdfFile(page))
		same(t, outline(d), "== 1 \nparagraph: "+strings.Join(left, " ")+"\nparagraph: "+strings.Join(right, " "))
		if len(d.Tables) != 0 {
			t.Errorf("%s: prose became a table", name)
		}
	}
}
