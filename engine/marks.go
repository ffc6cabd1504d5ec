package engine

import "freehold/engine/chattemplate"

// Splitter gives what parts the model's continuation of prompt into thinking,
// answer and calls of tools, by the format that its chat template shows. The
// text it reads must have the marks: see Request.Marks.
func (m *Model) Splitter(prompt string, tools bool) *chattemplate.Splitter {
	return m.template.Format().Splitter(prompt, tools)
}

// findMarks gives the texts of the control tokens that are part of a mark.
func (m *Model) findMarks() map[int32]string {
	format := m.template.Format()
	marks := map[int32]string{}
	for id := range int32(m.tokenizer.Size()) {
		if m.tokenizer.IsControl(id) {
			if text := m.tokenizer.Token(id); format.Shows(text) {
				marks[id] = text
			}
		}
	}
	return marks
}
