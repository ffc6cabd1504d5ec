package parse

import (
	"fmt"
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

// parseText reads plain text by paragraphs, source code by its blank lines.
func parseText(s *source) error {
	text, encoding := decodeText(s.data, "")
	s.receipt.Encoding = encoding
	s.unit("part", 0)
	if s.receipt.Kind == Code {
		s.doc.Language = ""
		return s.code(text)
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	for text != "" {
		var block string
		block, text = nextParagraph(text)
		if err := s.textBlock(block); err != nil {
			return err
		}
	}
	return nil
}

// nextParagraph cuts off the text up to a blank line.
func nextParagraph(text string) (block, rest string) {
	for at := 0; ; {
		i := strings.IndexByte(text[at:], '\n')
		if i < 0 {
			return text, ""
		}
		line := text[at : at+i]
		if strings.TrimSpace(line) == "" {
			return text[:at], text[at+i+1:]
		}
		at += i + 1
		if at > partSize {
			return text[:at], text[at:]
		}
	}
}

func (s *source) textBlock(block string) error {
	lines := strings.Split(strings.TrimRight(block, "\n"), "\n")
	// A title underlined as in reStructuredText.
	if len(lines) >= 2 && len(lines[0]) < 200 && strings.TrimSpace(lines[0]) != "" {
		if level := underline(lines[1], lines[0]); level > 0 {
			if err := s.add(Heading, level, lines[0]); err != nil {
				return err
			}
			lines = lines[2:]
		}
	}
	if len(lines) == 0 {
		return nil
	}
	if len(lines) == 1 && numberedHeading(lines[0]) {
		return s.add(Heading, strings.Count(strings.Fields(lines[0])[0], ".")+1, lines[0])
	}
	item := false
	var cur []string
	flush := func() error {
		kind := Paragraph
		if item {
			kind = ListItem
		}
		err := s.add(kind, 0, strings.Join(cur, "\n"))
		cur = nil
		return err
	}
	for _, l := range lines {
		if listMark(strings.TrimSpace(l)) {
			if len(cur) > 0 {
				if err := flush(); err != nil {
					return err
				}
			}
			item = true
		}
		cur = append(cur, l)
	}
	return flush()
}

// underline tells whether a line underlines the one before, and its level.
func underline(line, title string) int {
	line = strings.TrimSpace(line)
	if len(line) < 3 || len(line) < len([]rune(strings.TrimSpace(title)))-1 {
		return 0
	}
	i := strings.IndexByte("=-~^\"'*", line[0])
	if i < 0 || strings.Trim(line, line[:1]) != "" {
		return 0
	}
	return i + 1
}

// numberedHeading tells of a short line as in "3.2 Scope" that does not end as a
// sentence does.
func numberedHeading(line string) bool {
	f := strings.Fields(line)
	if len(f) < 2 || len(f) > 12 || len(line) > 90 {
		return false
	}
	n := strings.TrimSuffix(f[0], ".")
	digits := 0
	for _, c := range n {
		if c >= '0' && c <= '9' {
			digits++
		} else if c != '.' {
			return false
		}
	}
	first := []rune(f[1])[0]
	return digits > 0 && digits <= 6 && strings.ToUpper(string(first)) == string(first) && strings.ToLower(string(first)) != string(first) && !strings.ContainsAny(line[len(line)-1:], ".,;:")
}

// listMark tells whether a line begins as an item does.
func listMark(line string) bool {
	if len(line) > 2 && (line[0] == '-' || line[0] == '*' || line[0] == '+') && line[1] == ' ' {
		return true
	}
	if strings.HasPrefix(line, "• ") || strings.HasPrefix(line, "– ") {
		return true
	}
	mark, _, ok := strings.Cut(line, " ")
	if !ok || len(mark) < 2 || len(mark) > 4 {
		return false
	}
	last := mark[len(mark)-1]
	if last != '.' && last != ')' {
		return false
	}
	body := strings.TrimPrefix(mark[:len(mark)-1], "(")
	if _, err := strconv.Atoi(body); err == nil {
		return true
	}
	return last == ')' && len(body) == 1 && body[0] >= 'a' && body[0] <= 'z'
}

// code keeps lines as they are and cuts at blank lines before a line without
// indentation.
func (s *source) code(text string) error {
	const most = 4000
	if strings.Contains(text, "\r") {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	}
	line, begin, from := 0, 0, 1
	blank := false
	emit := func(end int) error {
		if strings.TrimSpace(text[begin:end]) == "" {
			return nil
		}
		if err := s.flowing(); err != nil {
			return err
		}
		if s.page.Label == "" {
			s.page.Label = fmt.Sprintf("from line %d", from)
		}
		return s.add(CodeBlock, 0, text[begin:end])
	}
	for at := 0; at < len(text); {
		end := strings.IndexByte(text[at:], '\n')
		if end < 0 {
			end = len(text)
		} else {
			end += at
		}
		line++
		l := text[at:end]
		empty := strings.TrimSpace(l) == ""
		indented := l != "" && (l[0] == ' ' || l[0] == '\t' || l[0] == '}' || l[0] == ')')
		if at > begin && (!empty && blank && !indented || at-begin > most && !indented || at-begin > 2*most) {
			if err := emit(at); err != nil {
				return err
			}
			begin, from = at, line
		}
		blank = empty
		at = end + 1
	}
	return emit(len(text))
}
