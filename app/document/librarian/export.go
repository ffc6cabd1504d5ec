package librarian

import (
	"fmt"
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
	doubtful := 0
	for _, s := range e.Sentences {
		for _, n := range s.Cites {
			cited[n] = true
		}
		if s.Verdict == document.Unsupported {
			doubtful++
		}
	}
	if len(cited) > 0 {
		b.WriteString("\n## Sources\n\n")
		for _, p := range e.Passages {
			if !cited[p.N] {
				continue
			}
			fmt.Fprintf(&b, "- [%d] %s, page %d", p.N, p.Name, p.Page)
			if len(p.Heading) > 0 {
				b.WriteString(", " + strings.Join(p.Heading, " › "))
			}
			b.WriteString("\n\n  > " + strings.ReplaceAll(strings.TrimSpace(p.Text), "\n", "\n  > ") + "\n\n")
		}
	}
	b.WriteString("\n---\n\n")
	var notes []string
	if model != "" {
		notes = append(notes, "Written by "+model)
	}
	notes = append(notes, fmt.Sprintf("read %d of %d passages", e.Read, e.Of))
	if doubtful > 0 {
		notes = append(notes, fmt.Sprintf("%d sentences that no passage bears out", doubtful))
	}
	b.WriteString(strings.Join(notes, "; ") + ".\n")
	for _, l := range e.LeftOut {
		b.WriteString("- " + l + "\n")
	}
	return b.String()
}
