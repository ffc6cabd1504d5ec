package porting

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// understand makes a conversation of a value, whichever program it is of.
func understand(f source, raw []byte) (Found, error) {
	bad := 0
	if !utf8.Valid(raw) {
		for i := 0; i < len(raw); {
			r, n := utf8.DecodeRune(raw[i:])
			if r == utf8.RuneError && n == 1 {
				bad++
			}
			i += n
		}
	}
	if f.messages != nil || f.base == "messages.jsonl" || f.base == "thread.json" {
		return readJan(f, raw)
	}
	var shape struct {
		Format       json.RawMessage `json:"format"`
		Mapping      json.RawMessage `json:"mapping"`
		ChatMessages json.RawMessage `json:"chat_messages"`
		Chat         json.RawMessage `json:"chat"`
		History      json.RawMessage `json:"history"`
		Messages     json.RawMessage `json:"messages"`
		Leaf         json.RawMessage `json:"leaf"`
		Sampling     json.RawMessage `json:"sampling"`
	}
	if err := json.Unmarshal(raw, &shape); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return Found{}, notChat{errors.New("it is a " + wrong.Value + " where a chat should be")}
		}
		return Found{}, explain(err)
	}
	read := func() (Found, error) {
		return Found{}, notChat{errors.New("it is no chat of a kind that Freehold knows: ChatGPT, Claude, Open WebUI, LM Studio, Jan or its own")}
	}
	switch {
	case shape.Format != nil && shape.Chat != nil, shape.Leaf != nil && shape.Sampling != nil && shape.Messages != nil:
		read = func() (Found, error) { return readOwn(raw) }
	case shape.Mapping != nil:
		read = func() (Found, error) { return readChatGPT(raw) }
	case shape.ChatMessages != nil:
		read = func() (Found, error) { return readClaude(raw) }
	case isObject(shape.Chat), isObject(shape.History):
		read = func() (Found, error) { return readOpenWebUI(raw) }
	case shape.Messages != nil && strings.Contains(string(shape.Messages), `"versions"`), strings.HasSuffix(f.base, ".conversation.json"):
		read = func() (Found, error) { return readLMStudio(f, raw) }
	}
	found, err := read()
	if err == nil && bad > 0 {
		found.Notes = append(found.Notes, Note{BadText, bad, noteText(BadText, bad)})
	}
	return found, err
}

func isObject(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '{' }

// explain says what is wrong with a value.
func explain(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		field := wrong.Field
		if field == "" {
			field = "it"
		}
		return fmt.Errorf("%s is a %s, which this kind of chat does not have there", field, wrong.Value)
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("it is no JSON (%s, %d bytes into the chat); the file is damaged, export it again", syntax.Error(), syntax.Offset)
	}
	return err
}

// decode reads a value into a struct.
func decode(raw []byte, v any) error {
	if err := json.Unmarshal(raw, v); err != nil {
		return explain(err)
	}
	return nil
}

// loose is a text that may also be missing, a number or something else.
type loose string

func (l *loose) UnmarshalJSON(b []byte) error {
	var s string
	if len(b) > 0 && b[0] == '"' {
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*l = loose(s)
		return nil
	}
	switch string(b) {
	case "null", "true", "false":
		*l = ""
	default:
		if len(b) > 0 && b[0] != '{' && b[0] != '[' {
			*l = loose(b)
		}
	}
	return nil
}

// when is a time in any of the forms that programs use: seconds or milliseconds
// since 1970, or a date as text. What is no time is 0.
type when int64

func (w *when) UnmarshalJSON(b []byte) error {
	*w = 0
	text := string(b)
	if len(b) > 0 && b[0] == '"' {
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999", "2006-01-02 15:04:05.999999-07:00", "2006-01-02 15:04:05"} {
			if t, err := time.Parse(layout, text); err == nil {
				*w = when(t.UnixMilli())
				return nil
			}
		}
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || v <= 0 || v > 1e19 {
		return nil //nolint:nilerr // no time
	}
	switch {
	case v > 1e17: // nanoseconds
		v /= 1e6
	case v > 1e14: // microseconds
		v /= 1e3
	case v < 1e11: // seconds
		v *= 1e3
	}
	*w = when(math.Round(v))
	return nil
}

// list is an array of values of which single ones may be wrong; something that is
// no array is an empty one.
type list[T any] struct {
	all []T
	bad int
}

func (l *list[T]) UnmarshalJSON(b []byte) error {
	l.all, l.bad = nil, 0
	if len(b) == 0 || b[0] != '[' {
		if string(b) != "null" {
			l.bad++
		}
		return nil
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	for _, r := range raw {
		var v T
		if string(r) == "null" {
			l.bad++
			continue
		}
		if err := json.Unmarshal(r, &v); err != nil {
			l.bad++
			continue
		}
		l.all = append(l.all, v)
	}
	return nil
}

// fenced is text as a block of code, whatever fences it has itself.
func fenced(info, text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + info + "\n" + strings.TrimRight(text, "\n") + "\n" + fence
}

// attached is a file whose text is known, as part of a message.
func attached(name, text string) string {
	if name = oneLine(name); name == "" {
		name = "text"
	}
	return "**" + name + "**\n\n" + fenced("", text)
}

// missing stands for something that was not taken.
func missing(what, name string) string {
	if name = oneLine(name); name == "" {
		return "*[" + what + "]*"
	}
	return "*[" + what + ": " + name + "]*"
}

// called is a call of a tool, or what it gave, as part of an answer.
func called(name string, value json.RawMessage) string {
	text := strings.TrimSpace(string(value))
	info := "json"
	var s string
	if json.Unmarshal(value, &s) == nil {
		text, info = s, ""
		if json.Valid([]byte(s)) {
			info = "json"
		}
	}
	if name = oneLine(name); name == "" {
		name = "tool"
	}
	if text == "" || text == "null" || text == "{}" {
		return "**" + name + "**"
	}
	return "**" + name + "**\n\n" + fenced(info, text)
}

func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune("*[]`", r) {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 120 {
		s = string(r[:120])
	}
	return strings.Join(strings.Fields(s), " ")
}
