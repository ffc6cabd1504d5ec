package parse

import (
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

func same(t *testing.T, got, want string) {
	t.Helper()
	got, want = strings.TrimSpace(got), strings.TrimSpace(want)
	if got == want {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		a, b := "(nothing)", "(nothing)"
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			t.Fatalf("line %d is\n  %s\nwant\n  %s\nall:\n%s", i+1, a, b, got)
		}
	}
}

func TestDOCX(t *testing.T) {
	d := read(t, "contract.docx", docxFile(t,
		styled("Title", "Supply Contract")+
			styled("Heading1", "Scope")+
			wp("The supplier delivers ")+
			`<w:p><w:r><w:t xml:space="preserve">A </w:t></w:r><w:del><w:r><w:delText>never </w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:r><w:t xml:space="preserve"> term</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>`+
			numbered(1, 0, "first")+numbered(1, 1, "nested")+numbered(1, 1, "again")+numbered(1, 0, "second")+numbered(2, 0, "point")+
			styled("Klausel", "Prices")+
			docxTable([]string{"Item", "Price"}, []string{"Bolt", "1.50"}, []string{"Nut", "2"})+
			`<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>PAGEREF x</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>page 3</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>`+
			`<w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent>`+wp("In a box")+`</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent>`+wp("In a box")+`</w:txbxContent></mc:Fallback></mc:AlternateContent><w:t>Beside it</w:t></w:r></w:p>`,
		"word/styles.xml", docxStyles, "word/numbering.xml", docxNumbering,
		"word/footnotes.xml", `<w:footnotes><w:footnote w:type="separator" w:id="0">`+wp("---")+`</w:footnote><w:footnote w:id="2">`+wp("As amended.")+`</w:footnote></w:footnotes>`,
		"word/header1.xml", `<w:hdr>`+wp("Secret")+`</w:hdr>`,
		"word/media/image1.png", "x",
		"docProps/core.xml", `<cp:coreProperties xmlns:dc="d"><dc:title>Contract 7</dc:title><dc:creator>M. Roe</dc:creator><dc:language>en-GB</dc:language></cp:coreProperties>`))
	same(t, outline(d), `
== 1 Supply Contract
heading 1: Supply Contract
heading 1: Scope
paragraph: The supplier delivers
paragraph: A new term[1]
item: 1. first
item 1: 1.a) nested
item 1: 1.b) again
item: 2. second
item: • point
heading 2: Prices
row: Item | Price
row: Bolt | 1.50
row: Nut | 2
paragraph: page 3
paragraph: Beside it
paragraph: In a box
note: [1] As amended.`)
	if d.Title != "Contract 7" || d.Author != "M. Roe" || d.Language != "en-GB" {
		t.Errorf("title %q, author %q, language %q", d.Title, d.Author, d.Language)
	}
	r := d.Receipt
	if r.Status != Read || r.Tables != 1 || r.Rows != 3 || r.Images != 1 || len(r.Skipped) != 2 || len(r.Warnings) != 1 {
		t.Errorf("receipt %+v", r)
	}
	row := d.Pages[0].Blocks[11]
	if strings.Join(row.Path, "/") != "Scope/Prices" || row.Table != 1 || row.Row != 2 {
		t.Errorf("row %+v", row)
	}
	table := d.Tables[0]
	if strings.Join(table.Columns, ",") != "Item,Price" || table.Header != 1 || table.Rows[1].Cells[1] != (Cell{Type: Number, Text: "1.50", Number: 1.5}) {
		t.Errorf("table %+v", table)
	}
}

// TestOffsets holds what every reader of blocks builds on.
func TestOffsets(t *testing.T) {
	for name, data := range samples(t) {
		d := read(t, name, data)
		for _, p := range d.Pages {
			for _, b := range p.Blocks {
				if b.Start < 0 || b.End > len(p.Text) || b.Start > b.End {
					t.Fatalf("%s: block %+v of a page of %d bytes", name, b, len(p.Text))
				}
				if in := p.Text[b.Start:b.End]; d.Kind != PDF && in != b.Text {
					t.Errorf("%s: the page has %q where the block is %q", name, in, b.Text)
				}
			}
			for _, l := range p.Lines {
				if l.Start >= l.End || l.End > len(p.Text) || l.Box[2] < l.Box[0] || l.Box[3] < l.Box[1] {
					t.Errorf("%s: line %+v", name, l)
				}
			}
		}
		if d.Receipt.Characters == 0 || d.Receipt.SHA256 == "" || d.Receipt.Pages != len(d.Pages) {
			t.Errorf("%s: %+v", name, d.Receipt)
		}
	}
}

func TestDOCXPages(t *testing.T) {
	d := read(t, "a.docx", docxFile(t, wp("one")+`<w:p><w:r><w:br w:type="page"/><w:t>two</w:t></w:r></w:p>`+`<w:p><w:r><w:lastRenderedPageBreak/><w:t>three</w:t></w:r></w:p>`))
	same(t, outline(d), "== 1 \nparagraph: one\n== 2 \nparagraph: two\n== 3 \nparagraph: three")
	if d.Receipt.Unit != "page" {
		t.Errorf("unit %q", d.Receipt.Unit)
	}
}

func TestPPTX(t *testing.T) {
	d := read(t, "talk.pptx", pptxFile(t,
		shape("ctrTitle", "Results")+shape("subTitle", "2026")+shape("sldNum", "1"),
		shape("title", "Growth")+shape("body", "Up 4 %", "Down 2 %")+
			`<p:graphicFrame><a:tbl><a:tr><a:tc><a:txBody><a:p><a:r><a:t>Year</a:t></a:r></a:p></a:txBody></a:tc><a:tc><a:txBody><a:p><a:r><a:t>Sum</a:t></a:r></a:p></a:txBody></a:tc></a:tr><a:tr><a:tc><a:txBody><a:p><a:r><a:t>2025</a:t></a:r></a:p></a:txBody></a:tc><a:tc><a:txBody><a:p><a:r><a:t>12</a:t></a:r></a:p></a:txBody></a:tc></a:tr></a:tbl></p:graphicFrame>`))
	same(t, outline(d), `
== 1 Results
heading 1: Results
paragraph: 2026
== 2 Growth
heading 1: Growth
item: Up 4 %
item: Down 2 %
row: Year | Sum
row: 2025 | 12`)
	if d.Receipt.Unit != "slide" || d.Receipt.PagesTotal != 2 {
		t.Errorf("receipt %+v", d.Receipt)
	}
}

func TestXLSX(t *testing.T) {
	day := time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)
	d := read(t, "sales.xlsx", workbook(t, func(f *excelize.File) {
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(f.SetSheetName("Sheet1", "Sales"))
		must(f.SetSheetRow("Sales", "A1", &[]any{"Region", "Date", "Amount", "Share", "Paid", "Code"}))
		must(f.SetSheetRow("Sales", "A2", &[]any{"North", day, 1200.5, 0.125, true, "007"}))
		must(f.SetSheetRow("Sales", "A4", &[]any{"South", day.AddDate(0, 1, 0), -3, 0.5, false, "42"}))
		must(f.SetCellFormula("Sales", "C5", "SUM(C2:C4)"))
		euro, percent := "[$€-407] #,##0.00", "0.0%"
		s, err := f.NewStyle(&excelize.Style{CustomNumFmt: &euro})
		must(err)
		must(f.SetCellStyle("Sales", "C2", "C4", s))
		s, err = f.NewStyle(&excelize.Style{CustomNumFmt: &percent})
		must(err)
		must(f.SetCellStyle("Sales", "D2", "D4", s))
		_, err = f.NewSheet("Notes")
		must(err)
		must(f.SetCellValue("Notes", "B2", "See\nbelow"))
		must(f.SetSheetVisible("Notes", false))
	}))
	same(t, outline(d), `
== 1 Sales
row: Region | Date | Amount | Share | Paid | Code
row: North | 2026-03-09 | 1200.5 € | 12.5% | TRUE | 007
row: South | 2026-04-09 | -3 € | 50% | FALSE | 42
== 2 Notes
row:  | See below`)
	table := d.Tables[0]
	if table.Name != "Sales" || !table.Sheet || table.Header != 1 || strings.Join(table.Columns, ",") != "Region,Date,Amount,Share,Paid,Code" {
		t.Errorf("table %+v", table)
	}
	got := table.Rows[1]
	want := []Cell{{Type: String, Text: "North"}, {Type: Date, Text: "2026-03-09"}, {Type: Number, Text: "1200.5", Number: 1200.5, Format: "€"},
		{Type: Number, Text: "12.5", Number: 0.125, Format: "%"}, {Type: Boolean, Text: "TRUE", Number: 1}, {Type: String, Text: "007"}}
	for i := range want {
		if got.Cells[i] != want[i] {
			t.Errorf("cell %d is %+v, want %+v", i, got.Cells[i], want[i])
		}
	}
	if table.Rows[2].Number != 4 || table.Rows[2].Cells[5] != (Cell{Type: String, Text: "42"}) {
		t.Errorf("row %+v", table.Rows[2])
	}
	if !d.Tables[1].Hidden {
		t.Error("a hidden sheet is not told")
	}
}

// TestXLSXValues reads what excelize does not write: values saved with formulas,
// errors, the older count of days.
func TestXLSXValues(t *testing.T) {
	d := read(t, "a.xlsx", zipFile(t,
		"xl/workbook.xml", `<workbook xmlns:r="r"><workbookPr date1904="1"/><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="/xl/worksheets/sheet1.xml"/></Relationships>`,
		"xl/styles.xml", `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="dd/mm/yyyy hh:mm"/><numFmt numFmtId="165" formatCode="&quot;day &quot;0"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>`,
		"xl/worksheets/sheet1.xml", `<worksheet><sheetData><row r="3"><c r="B3"><f>1/0</f><v/></c><c r="C3" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="D3"><f>A1*2</f><v>0.30000000000000004</v></c><c r="E3" s="1"><v>1.5</v></c><c r="F3" s="2"><v>4</v></c><c r="G3" t="inlineStr"><is><r><t>rich </t></r><r><t>text</t></r><rPh><t>no</t></rPh></is></c></row></sheetData></worksheet>`))
	want := []Cell{{}, {}, {Type: Fault, Text: "#DIV/0!", Formula: "1/0"}, {Type: Number, Text: "0.3", Number: 0.30000000000000004, Formula: "A1*2"}, {Type: Date, Text: "1904-01-02T12:00:00"}, {Type: Number, Text: "4", Number: 4}, {Type: String, Text: "rich text"}}
	row := d.Tables[0].Rows[0]
	if row.Number != 3 || len(row.Cells) != len(want) {
		t.Fatalf("row %+v", row)
	}
	for i := range want {
		if row.Cells[i] != want[i] {
			t.Errorf("cell %d is %+v, want %+v", i, row.Cells[i], want[i])
		}
	}
	if len(d.Receipt.Warnings) == 0 {
		t.Error("a formula without a value is not told")
	}
}

func TestODF(t *testing.T) {
	d := read(t, "a.odt", odfFile(t, "text", `<office:text><text:tracked-changes><text:p>gone</text:p></text:tracked-changes>
<text:h text:outline-level="1">Intro</text:h><text:p>Two  <text:s text:c="2"/>words<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>A note.</text:p></text:note-body></text:note></text:p>
<text:list text:style-name="L1"><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>inner</text:p></text:list-item></text:list></text:list-item><text:list-item><text:p>two</text:p></text:list-item></text:list>
<table:table table:name="T"><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell><text:p>b</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell table:number-columns-repeated="2"><text:p>5</text:p></table:table-cell></table:table-row></table:table></office:text>`))
	same(t, outline(d), `
== 1 Intro
heading 1: Intro
paragraph: Two    words[1]
note: [1] A note.
item: 1. one
item 1: • inner
item: 2. two
row: a | b
row: 5 | 5`)
	d = read(t, "a.ods", odfFile(t, "spreadsheet", `<office:spreadsheet><table:table table:name="Costs"><table:table-row><table:table-cell office:value-type="string"><text:p>What</text:p></table:table-cell><table:table-cell office:value-type="string"><text:p>Cost</text:p></table:table-cell></table:table-row>
<table:table-row table:number-rows-repeated="2"><table:table-cell office:value-type="date" office:date-value="2026-01-31"><text:p>31.01.26</text:p></table:table-cell><table:table-cell table:formula="of:=1+1" office:value-type="currency" office:currency="EUR" office:value="2"><text:p>2,00 €</text:p></table:table-cell><table:table-cell table:number-columns-repeated="16382"/></table:table-row>
<table:table-row table:number-rows-repeated="1048573"><table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table></office:spreadsheet>`))
	same(t, outline(d), "== 1 Costs\nrow: What | Cost\nrow: 2026-01-31 | 2 EUR\nrow: 2026-01-31 | 2 EUR")
	if c := d.Tables[0].Rows[2].Cells[1]; c != (Cell{Type: Number, Text: "2", Number: 2, Formula: "1+1", Format: "EUR"}) {
		t.Errorf("cell %+v", c)
	}
	d = read(t, "a.odp", odfFile(t, "presentation", `<office:presentation><draw:page draw:name="Opening"><draw:frame><draw:text-box><text:p>Hello</text:p></draw:text-box></draw:frame><presentation:notes><draw:frame><draw:text-box><text:p>Say it.</text:p></draw:text-box></draw:frame></presentation:notes></draw:page><draw:page draw:name="End"><text:p>Bye</text:p></draw:page></office:presentation>`))
	same(t, outline(d), "== 1 Opening\nparagraph: Hello\nnote: Say it.\n== 2 End\nparagraph: Bye")
}

// TestHeaders are beginnings of sheets as people make them.
func TestHeaders(t *testing.T) {
	for _, c := range []struct {
		csv  string
		want string
	}{
		{"a,b\nx,1\n", "a b"},
		{"Some notes,,\nat,the,top\nName,Age,Born\nX,3,2020-01-01\n", "Name Age Born"},
		{"1,2\n3,4\n", ""},
		{"x,x\ny,z\n", ""},
		{"only,one row\n", ""},
		{"City,Country\nParis,France\n", "City Country"},
		{"Report\n\nItem,Sum\nBolt,5\n", "Item Sum"},
	} {
		d := read(t, "a.csv", []byte(c.csv))
		if got := strings.Join(d.Tables[0].Columns, " "); got != c.want {
			t.Errorf("%q has the header %q, want %q", c.csv, got, c.want)
		}
	}
}
