// Package route chooses the way to an answer by the question and the files:
// reading everything, looking passages up, reading all parts one after another,
// or asking tables in SQL. The rules are words, so that they can be explained.
package route

import (
	"regexp"
	"strings"

	"freehold/app/document"
)

// Question with what it is asked about.
type Question struct {
	Text    string
	History []string // earlier questions
	Files   []File
	Room    int // tokens that documents may take in the model's context
}

// File that may be asked about.
type File struct {
	Name   string
	Kind   string // as package parse names it
	Tokens int
	Sheets int
	Pages  int
}

// Decision with its reason, for people.
type Decision struct {
	Route      document.Route
	Why        string
	Confidence float64  // 0 to 1
	Documents  []string // names of files that the question names
	Everything bool     // it is about all that the documents say: a summary, a list, a comparison
}

func words(alternatives ...string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)(?:^|[^\p{L}\p{N}])(?:` + strings.Join(alternatives, "|") + `)(?:$|[^\p{L}\p{N}])`)
}

var (
	// Nothing is asked about the documents.
	talk = regexp.MustCompile(`(?i)^\s*(?:hi|hello|hey|thanks?|thank you|thx|ok(?:ay)?|great|good (?:morning|evening|afternoon|job)|bye|cool|nice|perfect|hallo|guten (?:tag|morgen|abend)|danke(?: schön)?|vielen dank|super|tschüss|안녕\S*|감사\S*|고마워\S*|你好|谢谢|再见|hola|gracias|adiós|buenos días)(?:[\s,!.]+(?:there|freehold|a lot|so much|very much|dir|ihnen|everyone|all|that helps?|that was helpful|for (?:the|your) (?:help|answer)))*[\s!.?]*$`)
	// The answer before is to be changed, or what was said is asked about.
	rework = regexp.MustCompile(`(?i)^\s*(?:please\s+|now\s+|can you\s+|could you\s+|bitte\s+)*(?:(?:make|write|rewrite|rephrase|say|put|translate|shorten|expand|format|turn)\s+(?:it|that|this|your (?:last )?answer|the (?:last |previous )?answer|the above)(?:\s+(?:shorter|longer|simpler|clearer|again|differently|more \p{L}+|less \p{L}+|briefly|in \p{L}+(?: \p{L}+){0,2}|into \p{L}+(?: \p{L}+)?|as (?:a )?(?:list|table|bullet points)|to (?:german|english|french|spanish|korean|chinese)))?[\s.!?]*$|shorter|longer|simpler|more briefly|in (?:german|english|french|spanish|korean|chinese|bullet points|simpler words|one sentence)(?:,? please)?[\s.!?]*$|(?:mach|schreib|übersetze|kürze|formuliere)\w*\s+(?:es|das|die antwort|deine antwort)\b|kürzer|(?:what|why) did (?:you|i) (?:just )?(?:say|ask|mean)|who are you[\s?!.]*$|what can you do[\s?!.]*$|wer bist du[\s?!.]*$|was kannst du[\s?!.]*$)`)

	aggregate = words(`sum`, `total`, `totals`, `average`, `mean`, `median`, `maximum`, `minimum`, `max`, `min`, `highest`, `lowest`, `largest`, `smallest`, `biggest`, `most expensive`, `cheapest`, `most`, `least`, `fewest`, `oldest`, `newest`, `latest`, `earliest`, `top \d+`, `per`, `by (?:region|month|year|quarter|department|category|country|customer|product|team|city|status|type)`, `how many`, `how much`, `count`, `number of`, `percentage`, `percent of`, `share of`, `standard deviation`, `add up`, `combined`, `altogether`, `overall`, `greater than`, `more than`, `less than`, `above`, `below`, `over \d+`, `under \d+`, `at least \d+`, `between \d+`, `distinct`, `unique`, `rows?`,
		`summe`, `gesamt\p{L}*`, `durchschnitt\p{L}*`, `mittelwert`, `höchste\p{L}*`, `niedrigste\p{L}*`, `größte\p{L}*`, `kleinste\p{L}*`, `teuerste\p{L}*`, `billigste\p{L}*`, `meisten`, `wenigsten`, `wie ?viele?`, `anzahl`, `anteil`, `prozent`, `mehr als`, `weniger als`, `insgesamt`, `pro`, `je`)
	cjkAggregate = regexp.MustCompile(`总和|总计|合计|平均|最大|最小|最高|最低|多少|几个|数量|합계|총|평균|최대|최소|몇|얼마`)

	count = words(`how many`, `count(?: the| all| up)?`, `number of`, `how often`, `how many times`, `wie ?viele`, `anzahl(?: der)?`, `wie oft`, `cuántos`, `cuántas`)

	everything = words(`summari[sz]e`, `summary`, `summaries`, `overview`, `outline`, `gist`, `main (?:points?|ideas?|topics?|themes?|arguments?|findings?|conclusions?)`, `key (?:points?|takeaways?|findings?|messages?|facts?)`, `tl;?dr`, `abstract of`, `in (?:a|one|two|three|\d+) (?:sentences?|paragraphs?|words)`, `what (?:is|are) (?:this|these|the) (?:documents?|files?|texts?|reports?|papers?|books?|pdfs?) about`, `what does (?:this|the) (?:document|file|report|paper|text|book|pdf) (?:say|cover|discuss|contain|describe)`, `list (?:all|every|the|each)`, `all (?:the )?(?:\p{L}+ ){0,3}(?:mentioned|named|listed|described|used|in (?:the|this|these) (?:documents?|files?|reports?|texts?))`, `every (?:\p{L}+ ){1,3}(?:mentioned|named|in)`, `which (?:\p{L}+ ){1,3}(?:are|is) (?:all )?(?:mentioned|named|listed|described)`, `name (?:all|every|each)`, `enumerate`, `give me (?:all|every|a (?:full |complete )?list)`, `throughout`, `across (?:all|the|these)`, `table of contents`, `timeline`, `chronolog\p{L}*`,
		`fasse?`, `zusammenfass\p{L}*`, `überblick`, `hauptpunkte?`, `kernaussagen?`, `wichtigsten (?:punkte|aussagen|ergebnisse)`, `worum geht`, `liste (?:alle|sämtliche)`, `nenne (?:alle|sämtliche)`, `welche \p{L}+ (?:werden|sind|wird) (?:alle )?(?:genannt|erwähnt|aufgeführt)`, `alle \p{L}+,? die`, `resume`, `resumen`, `resumir`)
	cjkEverything = regexp.MustCompile(`总结|概括|摘要|概述|列出|所有|요약|정리|모든|나열`)

	compare    = words(`compare`, `comparison`, `contrast`, `differences?(?: between)?`, `differ`, `different from`, `similarit(?:y|ies)`, `in common`, `versus`, `vs\.?`, `both (?:documents?|files?|reports?|contracts?|texts?|licen[cs]es?|versions?)`, `vergleich\p{L}*`, `unterschied\p{L}*`, `gemeinsam\p{L}*`, `unterscheide\p{L}*`, `comparar?`, `diferencias?`)
	cjkCompare = regexp.MustCompile(`比较|对比|区别|不同|비교|차이`)

	// Questions that only prose answers, whatever tables there are.
	prose = words(`why`, `how (?:do|does|did|can|should|to|is|are|was|were)`, `explain`, `describe`, `define`, `definition`, `what does .{1,60} mean`, `reason`, `purpose`, `warum`, `wieso`, `erkläre`, `beschreibe`, `bedeutet`, `por qué`)

	nearby = words(`sections?`, `chapters?`, `paragraphs?`, `pages?`, `articles?`, `clauses?`, `steps?`, `abschnitt\p{L}*`, `kapitel`, `seite`, `absatz`)
)

// Choose decides by rules. It never fails: what no rule knows is looked up.
func Choose(q Question) Decision {
	text := strings.TrimSpace(q.Text)
	d := Decision{Documents: named(text, q.Files)}
	files := q.Files
	if len(d.Documents) > 0 {
		files = nil
		for _, f := range q.Files {
			for _, n := range d.Documents {
				if f.Name == n {
					files = append(files, f)
				}
			}
		}
	}
	tokens, sheets, texts := 0, 0, 0
	for _, f := range files {
		tokens += f.Tokens
		if tabular(f) {
			sheets++
		} else {
			texts++
		}
	}
	fits := tokens*5/4 <= q.Room // the model's tokenizer may need more than the embedder's
	is := func(route document.Route, why string, confidence float64) Decision {
		d.Route, d.Why, d.Confidence = route, why, confidence
		return d
	}
	whole := func(other document.Route, why string) Decision {
		d.Everything = other == document.Map
		if fits {
			return is(document.Whole, why+"; everything fits into the model's context", 0.9)
		}
		return is(other, why, 0.85)
	}
	comparing := compare.MatchString(text) || cjkCompare.MatchString(text)
	all := everything.MatchString(text) || cjkEverything.MatchString(text)
	counting := count.MatchString(text)
	sums := aggregate.MatchString(text) || cjkAggregate.MatchString(text)
	switch {
	case talk.MatchString(text) || rework.MatchString(text) && (len(q.History) > 0 || !strings.ContainsAny(text, "0123456789")):
		return is(document.None, "this asks nothing of the documents", 0.9)
	case sheets > 0 && (sums || counting) && !prose.MatchString(text) && (texts == 0 || columnsLikely(text)):
		return is(document.SQL, "numbers out of tables are calculated, not guessed", 0.9)
	case sheets > 0 && texts == 0 && !prose.MatchString(text) && !summaryOnly(text):
		return is(document.SQL, "the files are tables", 0.75)
	case comparing && len(q.Files) > 0:
		return whole(document.Map, "comparing takes all of the documents")
	case all && !(nearby.MatchString(text) && !strings.Contains(strings.ToLower(text), "all")):
		return whole(document.Map, "this takes all of the documents")
	case counting && !strings.Contains(strings.ToLower(text), "how many days"):
		if fixedNumber(text) {
			return whole(document.Search, "a number that one passage states")
		}
		return whole(document.Map, "counting takes all of the documents")
	}
	return whole(document.Search, "this is looked up")
}

func tabular(f File) bool {
	switch f.Kind {
	case "xlsx", "ods", "csv", "tsv":
		return true
	}
	return false
}

var summary = words(`summari[sz]e`, `summary`, `overview`, `what (?:is|are) (?:this|these|the) (?:documents?|files?|tables?|sheets?|spreadsheets?|data) about`, `zusammenfass\p{L}*`, `überblick`, `worum geht`)

func summaryOnly(text string) bool { return summary.MatchString(text) }

// columnsLikely tells questions about tables even when there are texts beside them.
func columnsLikely(text string) bool {
	return tableWords.MatchString(text) || calculates.MatchString(text) && !nearby.MatchString(text)
}

// calculates matches questions that only columns of numbers answer.
var calculates = words(`sum`, `total`, `average`, `mean`, `median`, `per`, `top \d+`, `add up`, `altogether`, `standard deviation`, `distinct`, `summe`, `durchschnitt\p{L}*`, `insgesamt`, `gesamt\p{L}*`)

var tableWords = words(`sheets?`, `spreadsheets?`, `tables?`, `columns?`, `rows?`, `csv`, `excel`, `xlsx`, `workbooks?`, `tabelle\p{L}*`, `spalte\p{L}*`, `zeile\p{L}*`)

// fixedNumber tells questions whose number stands in one place: how many days a
// notice takes, rather than how many notices there are.
var fixed = words(`how many (?:days|weeks|months|years|hours|minutes|seconds|percent|pages|bytes|bits|people|employees|members|degrees|meters|kilomet\p{L}+|miles|euros?|dollars?|characters|columns|registers|arguments|parameters|retries|attempts|cores|threads) (?:\p{L}+ ){0,4}(?:does|do|is|are|can|may|must|did|has|have|was|were|will|after|before|in|of|for|to|per|notice)`, `wie ?viele (?:tage|wochen|monate|jahre|stunden|minuten|seiten|mitarbeiter\p{L}*|personen|prozent)`)

func fixedNumber(text string) bool { return fixed.MatchString(text) }

// named lists the files whose name the question gives, with its ending or, if
// it is a telling name, without.
func named(text string, files []File) []string {
	low := strings.ToLower(text)
	var names []string
	for _, f := range files {
		name := strings.ToLower(f.Name)
		stem := name
		if i := strings.LastIndexByte(name, '.'); i > 0 {
			stem = name[:i]
		}
		spaced := strings.NewReplacer("_", " ", "-", " ").Replace(stem)
		if strings.Contains(low, name) || len(stem) >= 5 && (strings.ContainsAny(stem, "_-0123456789") && strings.Contains(low, stem) || strings.Contains(spaced, " ") && strings.Contains(low, spaced)) {
			names = append(names, f.Name)
		}
	}
	return names
}
