//go:build ignore

// Make writes the spreadsheets of the set: three out of files of packages (see
// README.md), which are in the folder that the argument names, and two with
// content that it makes up.
//
//	go run make.go FOLDER
package main

import (
	"archive/zip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
)

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

func main() {
	in := os.Args[1]
	gapminder(filepath.Join(in, "gapminder.csv"))
	codes(filepath.Join(in, "iso_3166-1.json"), filepath.Join(in, "iso_4217.json"))
	ubuntu(filepath.Join(in, "ubuntu.csv"))
	r := rand.New(rand.NewPCG(7, 11))
	expenses(r)
	auftraege(r)
}

func records(path string) [][]string {
	f := must(os.Open(path))
	defer f.Close()
	c := csv.NewReader(f)
	c.FieldsPerRecord = -1
	return must(c.ReadAll())
}

// fill writes a sheet and makes it the book's first if it has no other.
func fill(f *excelize.File, name string, rows [][]any) {
	if f.GetSheetName(0) == "Sheet1" {
		f.SetSheetName("Sheet1", name)
	} else {
		must(f.NewSheet(name))
	}
	for i, r := range rows {
		if err := f.SetSheetRow(name, fmt.Sprintf("A%d", i+1), &r); err != nil {
			log.Fatal(err)
		}
	}
}

func save(f *excelize.File, name string) {
	if err := f.SaveAs(filepath.Join("files", name)); err != nil {
		log.Fatal(err)
	}
}

func gapminder(path string) {
	var rows [][]any
	for i, r := range records(path) {
		if i == 0 {
			rows = append(rows, []any{"Country", "Continent", "Year", "Life expectancy", "Population", "GDP per capita"})
			continue
		}
		year := must(strconv.Atoi(r[2]))
		if year < 1997 { // the newer three of twelve surveys
			continue
		}
		rows = append(rows, []any{r[0], r[1], year, must(strconv.ParseFloat(r[3], 64)), must(strconv.Atoi(strings.TrimSuffix(r[4], ".0"))), must(strconv.ParseFloat(r[5], 64))})
	}
	f := excelize.NewFile()
	fill(f, "Gapminder", rows)
	save(f, "gapminder.xlsx")
}

func codes(countries, currencies string) {
	type code struct {
		Alpha2   string `json:"alpha_2"`
		Alpha3   string `json:"alpha_3"`
		Name     string `json:"name"`
		Official string `json:"official_name"`
		Numeric  string `json:"numeric"`
	}
	read := func(path string) (all []code) {
		var m map[string][]code
		if err := json.Unmarshal(must(os.ReadFile(path)), &m); err != nil {
			log.Fatal(err)
		}
		for _, c := range m {
			all = c
		}
		return all
	}
	f := excelize.NewFile()
	rows := [][]any{{"Country", "Alpha-2", "Alpha-3", "Numeric code", "Official name"}}
	for _, c := range read(countries) {
		rows = append(rows, []any{c.Name, c.Alpha2, c.Alpha3, c.Numeric, c.Official})
	}
	fill(f, "Countries", rows)
	rows = [][]any{{"Currency", "Currency code", "Currency number"}}
	for _, c := range read(currencies) {
		rows = append(rows, []any{c.Name, c.Alpha3, c.Numeric})
	}
	fill(f, "Currencies", rows)
	save(f, "country-codes.xlsx")
}

func ubuntu(path string) {
	var s strings.Builder
	s.WriteString(`<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" office:version="1.2"><office:body><office:spreadsheet><table:table table:name="Ubuntu">`)
	for i, r := range records(path) {
		s.WriteString("<table:table-row>")
		for k := range 6 {
			v := r[k]
			switch k {
			case 0:
				if i > 0 { // 22.04 LTS: the version, and whether it is supported for long
					version, lts := strings.CutSuffix(v, " LTS")
					fmt.Fprintf(&s, `<table:table-cell office:value-type="string"><text:p>%s</text:p></table:table-cell>`, version)
					fmt.Fprintf(&s, `<table:table-cell office:value-type="boolean" office:boolean-value="%v"><text:p>%v</text:p></table:table-cell>`, lts, strings.ToUpper(fmt.Sprint(lts)))
					continue
				}
				s.WriteString(`<table:table-cell office:value-type="string"><text:p>Version</text:p></table:table-cell><table:table-cell office:value-type="string"><text:p>LTS</text:p></table:table-cell>`)
			case 2:
			default:
				if i == 0 {
					v = map[int]string{1: "Codename", 3: "Created", 4: "Released", 5: "End of life"}[k]
				} else if k > 2 {
					d := must(time.Parse("2006-01-02", v))
					fmt.Fprintf(&s, `<table:table-cell office:value-type="date" office:date-value="%s"><text:p>%s</text:p></table:table-cell>`, v, d.Format("02.01.2006"))
					continue
				}
				fmt.Fprintf(&s, `<table:table-cell office:value-type="string"><text:p>%s</text:p></table:table-cell>`, html.EscapeString(v))
			}
		}
		s.WriteString("</table:table-row>")
	}
	s.WriteString("</table:table></office:spreadsheet></office:body></office:document-content>")
	out := must(os.Create(filepath.Join("files", "ubuntu-releases.ods")))
	defer out.Close()
	z := zip.NewWriter(out)
	write := func(name, text string, method uint16) {
		w := must(z.CreateHeader(&zip.FileHeader{Name: name, Method: method}))
		must(w.Write([]byte(text)))
	}
	write("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zip.Store)
	write("content.xml", s.String(), zip.Deflate)
	write("META-INF/manifest.xml", `<?xml version="1.0" encoding="UTF-8"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/><manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>`, zip.Deflate)
	if err := z.Close(); err != nil {
		log.Fatal(err)
	}
}

// pick takes one of some words, the first ones more often.
func pick(r *rand.Rand, words ...string) string {
	return words[min(r.IntN(len(words)), r.IntN(len(words)))]
}

// expenses are what a small company paid in a year, and its budgets.
func expenses(r *rand.Rand) {
	rows := [][]any{{"Expense claims 2025"}, {}, {"Claim ID", "Date", "Employee", "Department", "Category", "Amount (€)", "Approved", "Reimbursed on"}}
	staff := map[string]string{"Maria Lopez": "Sales", "Tom Becker": "Sales", "Aisha Khan": "Engineering", "Jonas Weber": "Engineering", "Claire Dubois": "Marketing", "Peter Nowak": "Finance", "Yuki Tanaka": "Engineering"}
	names := []string{"Maria Lopez", "Aisha Khan", "Tom Becker", "Claire Dubois", "Jonas Weber", "Yuki Tanaka", "Peter Nowak"}
	day := time.Date(2025, 1, 3, 0, 0, 0, 0, time.UTC)
	sum := 0.0
	for i := range 140 {
		name := pick(r, names...)
		category := pick(r, "Travel", "Meals", "Hotel", "Software", "Office supplies", "Training")
		amount := float64(int((8+r.Float64()*map[string]float64{"Travel": 420, "Meals": 70, "Hotel": 380, "Software": 250, "Office supplies": 90, "Training": 900}[category])*100)) / 100
		sum += amount
		approved := r.IntN(8) > 0
		row := []any{3001 + i, day, name, staff[name], category, amount, approved, nil}
		if approved {
			row[7] = day.AddDate(0, 0, 5+r.IntN(25))
		}
		rows = append(rows, row)
		day = day.AddDate(0, 0, 1+r.IntN(4))
	}
	rows = append(rows, []any{"Total", nil, nil, nil, nil, float64(int(sum*100+0.5)) / 100})
	f := excelize.NewFile()
	fill(f, "Claims", rows)
	format := `dd\.mm\.yyyy`
	dates := must(f.NewStyle(&excelize.Style{CustomNumFmt: &format}))
	euros := `#,##0.00\ "€"`
	money := must(f.NewStyle(&excelize.Style{CustomNumFmt: &euros}))
	for _, x := range []struct {
		column string
		style  int
	}{{"B", dates}, {"H", dates}, {"F", money}} {
		if err := f.SetCellStyle("Claims", x.column+"4", x.column+strconv.Itoa(len(rows)), x.style); err != nil {
			log.Fatal(err)
		}
	}
	fill(f, "Budgets", [][]any{{"Department", "Head", "Budget 2025", "Headcount"}, {"Sales", "Ingrid Holm", 14000, 9}, {"Engineering", "Samuel Osei", 22000, 17},
		{"Marketing", "Claire Dubois", 9500, 5}, {"Finance", "Peter Nowak", 6000, 4}, {"Operations", "Lena Fischer", 8000, 11}})
	save(f, "expenses.xlsx")
}

// auftraege is a list of orders as a German program exports it.
func auftraege(r *rand.Rand) {
	var b strings.Builder
	b.WriteString("Auftragsnummer;Datum;Kunde;Ort;Artikel;Menge;Einzelpreis;Betrag;Bezahlt\r\n")
	towns := map[string]string{"Müller GmbH": "Köln", "Schäfer & Söhne": "München", "Nordlicht KG": "Kiel", "Bäckerei Groß": "Köln", "Vogel AG": "Leipzig"}
	prices := map[string]float64{"Schraube M8": 0.35, "Dichtung": 2.4, "Ventil": 48.9, "Pumpe": 1249, "Schlauch": 12.75}
	comma := func(f float64) string {
		s := strconv.FormatFloat(f, 'f', 2, 64)
		whole, cents, _ := strings.Cut(s, ".")
		if len(whole) > 3 {
			whole = whole[:len(whole)-3] + "." + whole[len(whole)-3:]
		}
		return whole + "," + cents
	}
	day := time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC)
	for i := range 90 {
		customer := pick(r, "Müller GmbH", "Nordlicht KG", "Schäfer & Söhne", "Vogel AG", "Bäckerei Groß")
		article := pick(r, "Ventil", "Schlauch", "Dichtung", "Schraube M8", "Pumpe")
		n := 1 + r.IntN(12)
		fmt.Fprintf(&b, "%d;%s;%s;%s;%s;%d;%s;%s;%s\r\n", 52001+i, day.Format("02.01.2006"), customer, towns[customer], article, n, comma(prices[article]), comma(prices[article]*float64(n)),
			[]string{"ja", "ja", "ja", "nein"}[r.IntN(4)])
		day = day.AddDate(0, 0, r.IntN(8))
	}
	data := must(charmap.Windows1252.NewEncoder().Bytes([]byte(b.String())))
	if err := os.WriteFile(filepath.Join("files", "auftraege.csv"), data, 0o644); err != nil {
		log.Fatal(err)
	}
}
