package cite

import (
	"regexp"
	"strings"

	"freehold/app/document"
)

var listNumber = regexp.MustCompile(`^\s*\d{1,3}[.)]\s+`)

// absence matches the ways to say that documents do not tell.
var absence = regexp.MustCompile(`(?i)` + strings.Join([]string{
	`\b(?:documents?|passages?|files?|texts?|context|sources?|notes|information|report|excerpts?)\b[^.!?\n]{0,60}\b(?:do(?:es)? not|don['’]t|doesn['’]t|did not|didn['’]t|never|cannot|can['’]t|not)\b[^.!?\n]{0,30}\b(?:say|state|mention|contain|provide|include|tell|specify|hold|cover|give|address|discuss|answer|reveal|list|describe|indicate|refer)`,
	`\b(?:there is|there are|i (?:can )?f(?:i|ou)nd|i see|contains?|provides?|gives?)\s+(?:no|not any|nothing)\b[^.!?\n]{0,50}\b(?:information|mention|answer|details?|evidence|data|about|in (?:the|these|this))`,
	`\bnot (?:mentioned|stated|specified|provided|given|found|included|covered|available|answered|addressed|contained|described|listed|present|disclosed)\b[^.!?\n]{0,40}\b(?:in|by) (?:the|these|this|any|your)`,
	`\b(?:i (?:do not|don['’]t|cannot|can['’]t|could not|couldn['’]t|am unable to|was unable to))\b[^.!?\n]{0,40}\b(?:know|find|answer|tell|determine|see|locate)`,
	`\b(?:unable to|cannot be|could not be|can['’]t be)\s+(?:answer|find|found|determine|determined|answered|locate)`,
	`\bno (?:information|mention|answer|details?)\b[^.!?\n]{0,40}\b(?:is|was|are|about|on|in|given|provided|found|available)`,
	`\b(?:dokument\w*|datei\w*|text\w*|passagen?|unterlagen|quellen?|angaben|informationen)\b[^.!?\n]{0,60}\b(?:nicht|kein\w*|nichts)\b`,
	`\b(?:nicht|keine? \w+)\s+(?:erwähnt|angegeben|genannt|enthalten|gefunden|beschrieben|zu finden)`,
	`\bich (?:kann|konnte|weiß|finde)\b[^.!?\n]{0,40}\bnicht`,
	`(?:文档|文件|资料|材料|段落)[^。\n]{0,20}(?:没有|未|并未|不)(?:提到|提及|说明|包含|提供|涉及|给出)`,
	`(?:문서|파일|자료)[^.\n]{0,30}(?:없습니다|없다|않습니다|않는다)`,
	`\b(?:los|el|estos?|la) (?:documentos?|textos?|archivos?|información)\b[^.!?\n]{0,30}\bno\b`,
}, "|"))

// Absent tells whether a text says that the documents do not hold the answer.
func Absent(text string) bool { return absence.MatchString(text) }

// Answerable tells how much of a question's content passages hold, from 0 to 1,
// and which of its words none of them has. Names and numbers count more: a
// question about a person who is nowhere named cannot be answered.
func Answerable(question string, passages []document.Passage) (score float64, missing []string) {
	have := content{map[string]bool{}, map[string]bool{}, map[string]bool{}, false}
	for _, p := range passages {
		have = union(have, contentOf(p.Text+" . "+strings.Join(p.Heading, " . ")+" . "+p.Name))
	}
	var found, all float64
	first := true
	for _, w := range split(question) {
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
