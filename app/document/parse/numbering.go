package parse

import (
	"strconv"
	"strings"
)

// numbering makes the numbers of headings and list items, which a DOCX file does
// not hold as text.
type numbering struct {
	abstract map[string]string // numId → abstractNumId
	levels   map[string][]numberLevel
	counts   map[string][]int // by abstractNumId
}

type numberLevel struct {
	format string // decimal, bullet, lowerLetter …
	text   string // as in %1.%2.
	start  int
}

func readNumbering(a *archive, name string) *numbering {
	n := &numbering{abstract: map[string]string{}, levels: map[string][]numberLevel{}, counts: map[string][]int{}}
	if !a.has(name) {
		return n
	}
	x, err := a.xml(name)
	if err != nil {
		return n
	}
	defer x.close()
	var abstract, num string
	level := -1
	for {
		t, err := x.next()
		if err != nil {
			return n
		}
		switch e := t.(type) {
		case endElement:
			if e.Name.Local == "lvl" {
				level = -1
			}
		case startElement:
			v := attr(e, "val")
			switch e.Name.Local {
			case "abstractNum":
				abstract, num = attr(e, "abstractNumId"), ""
			case "num":
				num, abstract = attr(e, "numId"), ""
			case "abstractNumId":
				if num != "" && len(n.abstract) < 10_000 {
					n.abstract[num] = v
				}
			case "lvl":
				level, _ = strconv.Atoi(attr(e, "ilvl"))
				if abstract == "" || level < 0 || level > 8 || len(n.levels) > 10_000 {
					level = -1
					continue
				}
				for len(n.levels[abstract]) <= level {
					n.levels[abstract] = append(n.levels[abstract], numberLevel{format: "bullet", start: 1})
				}
				n.levels[abstract][level] = numberLevel{format: "decimal", start: 1}
			case "start":
				if level >= 0 {
					n.levels[abstract][level].start, _ = strconv.Atoi(v)
				}
			case "numFmt":
				if level >= 0 {
					n.levels[abstract][level].format = v
				}
			case "lvlText":
				if level >= 0 {
					n.levels[abstract][level].text = clip(v, 100)
				}
			}
		}
	}
}

// next counts an item of a list and returns its mark. listed says that it is one.
func (n *numbering) next(numID string, level int) (mark string, listed bool) {
	if numID == "" || numID == "0" || level < 0 || level > 8 {
		return "", false
	}
	abstract, ok := n.abstract[numID]
	if !ok {
		return "", true
	}
	levels := n.levels[abstract]
	if level >= len(levels) {
		return "", true
	}
	c := n.counts[abstract]
	for len(c) <= level {
		c = append(c, 0)
	}
	for i := range level {
		if c[i] == 0 && i < len(levels) {
			c[i] = levels[i].start
		}
	}
	if c[level] == 0 {
		c[level] = levels[level].start
	} else {
		c[level]++
	}
	c = c[:level+1] // deeper levels begin anew
	n.counts[abstract] = c
	l := levels[level]
	switch l.format {
	case "bullet":
		return "•", true
	case "none":
		return "", true
	}
	text := l.text
	for i := range level + 1 {
		text = strings.ReplaceAll(text, "%"+strconv.Itoa(i+1), ordinal(c[i], levels[i].format))
	}
	return strings.TrimSpace(text), true
}

// ordinal writes a number in a format of OOXML or ODF.
func ordinal(n int, format string) string {
	switch format {
	case "lowerLetter", "a":
		return letters(n, 'a')
	case "upperLetter", "A":
		return letters(n, 'A')
	case "lowerRoman", "i":
		return strings.ToLower(roman(n))
	case "upperRoman", "I":
		return roman(n)
	case "decimalZero":
		if n < 10 {
			return "0" + strconv.Itoa(n)
		}
	}
	return strconv.Itoa(n)
}

// letters counts a … z, aa … zz as word processors do.
func letters(n int, first rune) string {
	if n < 1 || n > 26*10 {
		return strconv.Itoa(n)
	}
	return strings.Repeat(string(first+rune((n-1)%26)), (n-1)/26+1)
}

func roman(n int) string {
	if n < 1 || n > 3999 {
		return strconv.Itoa(n)
	}
	var s strings.Builder
	for i, v := range []int{1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1} {
		for n >= v {
			s.WriteString([]string{"M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"}[i])
			n -= v
		}
	}
	return s.String()
}
