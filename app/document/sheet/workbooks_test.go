package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"

	"freehold/app/document/parse"
)

// book is a workbook to be written: cells are texts, numbers, {"d": date},
// {"b": truth} or {"n": number, "f": "€" or "%"}.
type book struct {
	Name, Encoding, Text string
	Sheets               [][]any
}

func writeXLSX(t *testing.T, b book) []byte {
	f := excelize.NewFile()
	defer f.Close()
	for i, s := range b.Sheets {
		name := s[0].(string)
		if i == 0 {
			f.SetSheetName("Sheet1", name)
		} else {
			f.NewSheet(name)
		}
		style := func(format string) int {
			id, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		for r, row := range s[1].([]any) {
			for c, v := range row.([]any) {
				at, _ := excelize.CoordinatesToCellName(c+1, r+1)
				switch v := v.(type) {
				case nil:
				case map[string]any:
					if d, ok := v["d"]; ok {
						x, _ := time.Parse("2006-01-02", d.(string))
						f.SetCellValue(name, at, x)
						f.SetCellStyle(name, at, at, style("dd.mm.yyyy"))
					} else if y, ok := v["b"]; ok {
						f.SetCellValue(name, at, y)
					} else {
						f.SetCellValue(name, at, v["n"])
						f.SetCellStyle(name, at, at, style(map[string]string{"€": "#,##0.00\\ \"€\"", "%": "0%"}[v["f"].(string)]))
					}
				default:
					f.SetCellValue(name, at, v)
				}
			}
		}
	}
	x, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return x.Bytes()
}

func writeODS(t *testing.T, b book) []byte {
	var s strings.Builder
	s.WriteString(`<office:document-content xmlns:office="o" xmlns:text="t" xmlns:table="b"><office:body><office:spreadsheet>`)
	for _, sh := range b.Sheets {
		fmt.Fprintf(&s, `<table:table table:name="%s">`, sh[0])
		for _, row := range sh[1].([]any) {
			s.WriteString("<table:table-row>")
			for _, v := range row.([]any) {
				switch v := v.(type) {
				case nil:
					s.WriteString("<table:table-cell/>")
				case string:
					fmt.Fprintf(&s, `<table:table-cell office:value-type="string"><text:p>%s</text:p></table:table-cell>`, html.EscapeString(v))
				case float64:
					fmt.Fprintf(&s, `<table:table-cell office:value-type="float" office:value="%v"><text:p>%v</text:p></table:table-cell>`, v, v)
				case map[string]any:
					fmt.Fprintf(&s, `<table:table-cell office:value-type="date" office:date-value="%s"><text:p>x</text:p></table:table-cell>`, v["d"])
				}
			}
			s.WriteString("</table:table-row>")
		}
		s.WriteString("</table:table>")
	}
	s.WriteString("</office:spreadsheet></office:body></office:document-content>")
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, _ := z.CreateHeader(&zip.FileHeader{Name: "mimetype", Method: zip.Store})
	w.Write([]byte("application/vnd.oasis.opendocument.spreadsheet"))
	w, _ = z.Create("content.xml")
	w.Write([]byte(s.String()))
	z.Close()
	return out.Bytes()
}

// TestWorkbooks asks files of real formats: what rules do not understand is left
// to a model, and nothing is answered wrongly.
func TestWorkbooks(t *testing.T) {
	raw, err := os.ReadFile("testdata/workbooks.json")
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Books     []book
		Questions []struct{ File, Question, Want string }
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	dbs := map[string]*DB{}
	for _, b := range all.Books {
		var data []byte
		switch {
		case strings.HasSuffix(b.Name, ".xlsx"):
			data = writeXLSX(t, b)
		case strings.HasSuffix(b.Name, ".ods"):
			data = writeODS(t, b)
		case b.Encoding == "windows-1252":
			data, _ = charmap.Windows1252.NewEncoder().Bytes([]byte(b.Text))
		case b.Encoding == "utf-8-bom":
			data = []byte("\ufeff" + b.Text)
		default:
			data = []byte(b.Text)
		}
		doc, err := parse.Parse(t.Context(), b.Name, data, parse.Options{})
		if err != nil {
			t.Fatal(b.Name, err)
		}
		path := filepath.Join(t.TempDir(), "s.db")
		sheets, err := Build(t.Context(), path, doc)
		if err != nil {
			t.Fatal(b.Name, err)
		}
		db, err := Open(t.Context(), []File{{path, b.Name, sheets}})
		if err != nil {
			t.Fatal(b.Name, err)
		}
		defer db.Close()
		dbs[b.Name] = db
	}
	exact, silent := 0, 0
	for _, q := range all.Questions {
		got, why, err := dbs[q.File].Ask(t.Context(), q.Question)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case q.Want == "" && got == nil:
		case q.Want == "":
			t.Errorf("%s: %s\n  answered, but rules cannot know: %s → %s", q.File, q.Question, got.SQL, flat(got))
		case got == nil:
			silent++
			t.Logf("%s: %s\n  not understood: %s", q.File, q.Question, why)
		case flat(got) != q.Want:
			t.Errorf("%s: %s\n  %s → %s, want %s", q.File, q.Question, got.SQL, flat(got), q.Want)
		default:
			exact++
		}
	}
	t.Logf("%d answered exactly by rules, %d left to a model", exact, silent)
	if exact*4 < (exact+silent)*3 {
		t.Error("rules understand fewer than three quarters")
	}
}
