package librarian

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"freehold/app/document"
)

// Written is an answer with its question and what it stands on, in Markdown.
func Written(question, answer, model string, e *document.Evidence) string {
	var b strings.Builder
	if q := strings.TrimSpace(question); q != "" {
		b.WriteString("> " + strings.ReplaceAll(q, "\n", "\n> ") + "\n\n")
	}
	b.WriteString(strings.TrimSpace(answer) + "\n")
	if e == nil {
		return b.String()
	}
	if e.Query != nil {
		fmt.Fprintf(&b, "\n## Query\n\n```sql\n%s\n```\n", e.Query.SQL)
	}
	cited := map[int]bool{}
	var doubtful []string
	for _, s := range e.Sentences {
		for _, n := range s.Cites {
			cited[n] = true
		}
		if s.Verdict == document.Unsupported {
			if s.Start >= 0 && s.Start < s.End && s.End <= len(answer) {
				doubtful = append(doubtful, oneLine(answer[s.Start:s.End]))
			}
		}
	}
	if len(cited) > 0 {
		b.WriteString("\n## Sources\n\n")
		for _, p := range e.Passages {
			if !cited[p.N] {
				continue
			}
			page := p.Label
			if page == "" {
				page = strconv.Itoa(p.Page)
			}
			fmt.Fprintf(&b, "- \\[%d\\] **%s**, page %s", p.N, literal(p.Name), literal(page))
			if len(p.Heading) > 0 {
				b.WriteString(", " + literal(strings.Join(p.Heading, " › ")))
			}
			b.WriteString("\n\n  > " + strings.ReplaceAll(literal(strings.TrimSpace(p.Text)), "\n", "\\\n  > ") + "\n\n")
		}
	}
	if len(doubtful) > 0 {
		b.WriteString("\n## Not borne out\n\nNo passage bears out what these sentences say:\n\n")
		for _, d := range doubtful {
			b.WriteString("- " + d + "\n")
		}
	}
	b.WriteString("\n---\n\n")
	var notes []string
	if model != "" {
		notes = append(notes, "Written by "+model)
	}
	notes = append(notes, fmt.Sprintf("read %d of %d passages", e.Read, e.Of))
	if n := len(doubtful); n == 1 {
		notes = append(notes, "no passage bears out 1 sentence")
	} else if n > 1 {
		notes = append(notes, fmt.Sprintf("no passage bears out %d sentences", n))
	}
	b.WriteString(strings.Join(notes, "; ") + ".\n")
	if len(e.LeftOut) > 0 {
		b.WriteString("\nNot read for this answer:\n\n")
	}
	for _, l := range e.LeftOut {
		b.WriteString("- " + literal(oneLine(l)) + "\n")
	}
	return b.String()
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

var signs = regexp.MustCompile("([\\\\`*_{}\\[\\]<>#|~])|(?m)(^\\s*(?:\\d+[.)]|[-+=]))")

// literal keeps text from being read as Markdown.
func literal(s string) string {
	return signs.ReplaceAllStringFunc(s, func(m string) string {
		return m[:len(m)-1] + "\\" + m[len(m)-1:]
	})
}
