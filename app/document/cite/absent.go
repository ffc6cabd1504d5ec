package cite

import (
	"regexp"
	"strings"

	"freehold/app/document"
)

var listNumber = regexp.MustCompile(`^\s*\d{1,3}[.)]\s+`)

// absence matches the ways to say that documents do not tell. The verb must be
// one of telling, with nothing behind it that would make it a claim of its own:
// that a report does not cover travel abroad is something that it says.
var absence = regexp.MustCompile(`(?i)` + strings.Join([]string{
	`\b(?:these|the|this|your|provided|given|any)\b[^.!?\n]{0,30}\b(?:documents?|passages?|files?|texts?|context|sources?|notes|excerpts?)\b\s+(?:do(?:es)? not|don['’]t|doesn['’]t|did not|didn['’]t|never|cannot|can['’]t)\s+(?:say|tell|(?:explicitly |directly |specifically )?(?:state|mention|contain|provide|specify|hold|answer|reveal|indicate)\b)`,
	`\bthere (?:is|are|was) (?:no|not any|nothing)\b[^.!?\n]{0,30}\b(?:information|mention|answer|details?|evidence)\b`,
	`\bi (?:can )?(?:find|found|see) (?:no|nothing)\b[^.!?\n]{0,30}\b(?:information|mention|answer|details?|about)`,
	`\b(?:is|are|was|were) not (?:mentioned|stated|specified|provided|given|found|answered|disclosed)\b[^.!?\n]{0,20}\b(?:in|by) (?:the|these|this|any|your) (?:\p{L}+ )?(?:documents?|passages?|files?|texts?|context|sources?|notes)`,
	`\bi (?:do not|don['’]t|cannot|can['’]t|could not|couldn['’]t|am unable to|was unable to) (?:know|find|answer|tell|determine|see|locate)`,
	`\bno (?:information|mention|answer)\b[^.!?\n]{0,30}\b(?:is|was|about|on|in|given|provided|found|available)`,
	`\b(?:dokumente?|dateien?|texte?|passagen?|unterlagen|quellen?)\b[^.!?\n]{0,20}\b(?:sagen?|enthalten|enthält|nennen|nennt|erwähnen|erwähnt)\b[^.!?\n]{0,40}\b(?:nicht|nichts|keine?\b)[^.!?\n]{0,30}(?:[.!]|$)`,
	`\b(?:wird|werden|ist|sind) (?:in den|in der|im|nicht)\b[^.!?\n]{0,30}\bnicht (?:erwähnt|angegeben|genannt|enthalten|beschrieben)`,
	`\bich (?:kann|konnte|weiß|finde)\b[^.!?\n]{0,40}\b(?:nicht|nichts|keine)`,
	`(?:文档|文件|资料|材料|段落)[^。\n]{0,20}(?:没有|未|并未)(?:提到|提及|说明|包含|提供|涉及|给出)`,
	`(?:문서|파일|자료)[^.\n]{0,20}(?:내용이|정보가|언급이|언급되지|나와 있지)[^.\n]{0,10}(?:없습니다|없다|않습니다|않는다)`,
	`\b(?:los documentos|el documento|los archivos|los textos) no (?:dicen?|mencionan?|contienen?|indican?)`,
}, "|"))

// Absent tells whether a text says that the documents do not hold the answer.
func Absent(text string) bool { return absence.MatchString(text) }

// Answerable tells how much of a question's content passages hold, from 0 to 1,
// and which of its words none of them has. Names and numbers count more: a
// question about a person who is nowhere named cannot be answered.
func Answerable(question string, passages []document.Passage) (score float64, missing []string) {
	have := newContent()
	for _, p := range passages {
		have = union(have, contentOf(p.Text+" . "+strings.Join(p.Heading, " . ")+" . "+p.Name))
	}
	var found, all float64
	first := true
	for _, t := range split(question) {
		w := t.word
		low := strings.ToLower(w)
		c := contentOf("x " + w) // not the first word: its capital tells
		begin := first
		first = false
		for n := range c.numbers {
			all += 2
			if have.numbers[n] {
				found += 2
			} else {
				missing = append(missing, w)
			}
		}
		if asks[low] {
			continue
		}
		for s := range c.words {
			weight := 1.0
			if c.names[s] && !begin {
				weight = 2
			}
			all += weight
			if have.words[s] || near(s, have.words) {
				found += weight
			} else {
				missing = append(missing, w)
			}
		}
	}
	if all == 0 {
		return 1, nil
	}
	return found / all, missing
}

// near tells whether one of the words begins like a stem: its other forms.
func near(s string, words map[string]bool) bool {
	if len(s) < 5 {
		return false
	}
	for w := range words {
		if len(w) >= 5 && (strings.HasPrefix(w, s) || strings.HasPrefix(s, w)) {
			return true
		}
	}
	return false
}

// asks are words that belong to asking, not to what is asked about.
var asks = set(`tell explain describe give show list name find know want need please question answer summarize summarise summary mean means meaning exactly
	kind type many much long often called happen happens use used using work works make makes
	erkläre beschreibe nenne zeige liste fasse frage antwort bedeutet heißt genau viele viel lange passiert gibt`)
