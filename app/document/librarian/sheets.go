package librarian

import (
	"context"
	"fmt"
	"os"
	"time"

	"freehold/app/document"
	"freehold/app/document/parse"
	"freehold/app/document/sheet"
)

// buildSheets makes a document's tables ones that can be asked in SQL.
func (l *Librarian) buildSheets(ctx context.Context, id string, tables []parse.Table) ([]document.Sheet, error) {
	if len(tables) == 0 {
		return nil, nil
	}
	if err := l.makeSheetDir(); err != nil {
		return nil, err
	}
	return sheet.Build(ctx, l.sheetPath(id), &parse.Document{Tables: tables})
}

// askSheets answers a question from the tables of documents, if it can be. The
// numbers come from SQLite, never from the model.
func (l *Librarian) askSheets(ctx context.Context, w Writer, question string, docs []document.Document, g *Grounding) (bool, error) {
	start := time.Now()
	e := &g.Evidence
	defer func() { e.Took.Query = since(start) }()
	files := map[string]string{}
	var sheets []document.Sheet
	for _, d := range docs {
		if len(d.Sheets) == 0 {
			continue
		}
		if _, err := os.Stat(l.sheetPath(d.ID)); err != nil {
			e.LeftOut = append(e.LeftOut, fmt.Sprintf("the tables of %s are missing; read the file again", d.Name))
			continue
		}
		files[d.ID] = l.sheetPath(d.ID)
		sheets = append(sheets, d.Sheets...)
	}
	if len(files) == 0 {
		return false, nil
	}
	db, err := sheet.Open(ctx, files)
	if err != nil {
		return false, err
	}
	defer db.Close()
	query, err := planned(ctx, db, question, sheets)
	if err != nil {
		return false, err
	}
	if query == nil && w != nil {
		if query, err = written2(ctx, db, w, question); err != nil {
			return false, err
		}
	}
	if query == nil {
		return false, nil
	}
	e.Query = query
	g.Direct = sheet.Say(question, *query)
	return true, nil
}
