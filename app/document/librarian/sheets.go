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

const (
	queryTokens = 256 // of the SQL that a model writes
	aroundQuery = 768 // tokens for it twice, for what was wrong with it, and for the chat template
)

// askSheets answers a question from the tables of documents, if it can be. The
// numbers come from SQLite, never from the model.
func (l *Librarian) askSheets(ctx context.Context, w document.Writer, question string, docs []document.Document, g *document.Grounding) (bool, error) {
	start := time.Now()
	e := &g.Evidence
	defer func() { e.Took.Query = since(start) }()
	var files []sheet.File
	for _, d := range docs {
		if len(d.Sheets) == 0 {
			continue
		}
		if _, err := os.Stat(l.sheetPath(d.ID)); err != nil {
			e.LeftOut = append(e.LeftOut, fmt.Sprintf("the tables of %s are missing; read the file again", d.Name))
			continue
		}
		files = append(files, sheet.File{Path: l.sheetPath(d.ID), Name: d.Name, Sheets: d.Sheets})
	}
	if len(files) == 0 {
		return false, nil
	}
	db, err := sheet.Open(ctx, files)
	if err != nil {
		e.LeftOut = append(e.LeftOut, err.Error())
		return false, ctx.Err()
	}
	defer db.Close()
	shown := 0
	q, why, err := db.Ask(ctx, question)
	if err != nil {
		return false, err
	}
	if q == nil {
		var schema string
		schema, shown = db.Schema(ctx, question, func(schema string) bool {
			system, prompt := sheet.Prompt(schema, question)
			return w.Tokens(system)+w.Tokens(prompt)+aroundQuery <= w.ContextLength()
		})
		if shown == 0 {
			e.LeftOut = append(e.LeftOut, "the tables could not be asked in SQL: their columns do not fit into the model's context")
			return false, ctx.Err()
		}
		q, err = db.ByModel(ctx, question, schema, func(ctx context.Context, system, prompt string) (string, error) {
			return w.Write(ctx, system, prompt, queryTokens)
		})
		if err != nil {
			return false, err
		}
		if q == nil {
			e.LeftOut = append(e.LeftOut, "the tables could not be asked in SQL: "+why)
			return false, nil
		}
	}
	e.Query = q
	if q.By == "model" {
		if all := len(db.Sheets()); shown < all {
			e.LeftOut = append(e.LeftOut, fmt.Sprintf("the model that wrote the query was shown %d of %d tables, those that suit the question best; name a file in the question to have it asked", shown, all))
		}
		e.Why += "; a model wrote the query: check it"
	}
	g.Direct = sheet.Say(question, *q)
	return true, nil
}
