// Package preset holds named ways of asking: assistants, which a chat begins
// with, and prompts with variables, which are commands of the composer.
package preset

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"freehold/app/chat"
	"freehold/app/document"
)

// Preset is one such way. Everything but the name may be missing.
type Preset struct {
	ID       string           `json:"id"`
	Name     string           `json:"name"`
	About    string           `json:"about"`    // one line
	Icon     string           `json:"icon"`     // one of Icons
	Colour   string           `json:"colour"`   // one of Colours
	System   string           `json:"system"`   // instructions of a chat that begins with it
	Prompt   string           `json:"prompt"`   // what its command writes, with {{variables}}
	Command  string           `json:"command"`  // the word after the slash; "": none
	Model    string           `json:"model"`    // "": as the chat has it
	Sampling *chat.Sampling   `json:"sampling"` // nil: as the chat has it
	Sources  document.Sources `json:"sources"`
	Examples []string         `json:"examples"` // questions to begin with
	// Hidden leaves it out of lists. What hides a built-in preset has its ID and nothing else.
	Hidden    bool  `json:"hidden"`
	CreatedAt int64 `json:"createdAt"` // ms since 1970
}

// Icons and Colours are what presets may be shown with.
var (
	Icons   = []string{"sparkles", "summary", "translate", "explain", "rewrite", "table", "code", "mail", "idea", "book", "scale", "question"}
	Colours = []string{"green", "blue", "violet", "rose", "amber", "grey"}
)

const (
	maxName     = 80      // runes
	maxAbout    = 200     // runes
	maxText     = 1 << 20 // bytes
	maxExamples = 8
	maxExample  = 2000 // runes
	maxSources  = 1000
	maxFile     = 16 << 20 // bytes
	maxMany     = 500

	format  = "freehold-presets"
	version = 1
)

var routes = []document.Route{document.Auto, document.Whole, document.Search, document.Map, document.SQL, document.None}

var command = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}_-]{0,39}$`)

// Checked returns p as it is kept, or says what is wrong with it.
func (p Preset) Checked() (Preset, error) {
	p.Name, p.About = oneLine(p.Name), oneLine(p.About)
	if p.Hidden && p.Name == "" {
		return Preset{ID: p.ID, Hidden: true, CreatedAt: p.CreatedAt, Sources: noSources(), Examples: []string{}}, nil
	}
	if p.Name == "" {
		return p, errors.New("a preset needs a name")
	}
	wrong := func(why string, args ...any) (Preset, error) {
		return p, fmt.Errorf("the preset %q: %s", cut(p.Name, 40), fmt.Sprintf(why, args...))
	}
	if utf8.RuneCountInString(p.Name) > maxName {
		return wrong("its name is longer than %d characters", maxName)
	}
	if utf8.RuneCountInString(p.About) > maxAbout {
		return wrong("its description is longer than %d characters", maxAbout)
	}
	if len(p.System) > maxText || len(p.Prompt) > maxText {
		return wrong("its instructions or its prompt are longer than %d bytes", maxText)
	}
	if !utf8.ValidString(p.System) || !utf8.ValidString(p.Prompt) || !utf8.ValidString(p.Model) {
		return wrong("its text is not valid UTF-8")
	}
	if p.Command = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(p.Command), "/")); p.Command != "" {
		if !command.MatchString(p.Command) {
			return wrong("%q cannot be a command; use letters, digits, - and _", cut(p.Command, 40))
		}
		if strings.TrimSpace(p.Prompt) == "" {
			return wrong("its command /%s has no prompt to write", p.Command)
		}
	}
	if len(p.Model) > 1000 {
		return wrong("the name of its model is longer than 1,000 bytes")
	}
	if !slices.Contains(Icons, p.Icon) {
		p.Icon = Icons[0]
	}
	if !slices.Contains(Colours, p.Colour) {
		p.Colour = Colours[0]
	}
	if p.Sampling != nil {
		s, err := p.Sampling.Checked()
		if err != nil {
			return wrong("%v", err)
		}
		p.Sampling = &s
	}
	if !slices.Contains(routes, p.Sources.Route) {
		return wrong("%q is no way to answer from documents", cut(string(p.Sources.Route), 40))
	}
	if len(p.Sources.Documents)+len(p.Sources.Collections) > maxSources {
		return wrong("it names more than %d documents", maxSources)
	}
	p.Sources.Documents, p.Sources.Collections = append([]string{}, p.Sources.Documents...), append([]string{}, p.Sources.Collections...)
	examples := []string{}
	for _, e := range p.Examples {
		if e = strings.TrimSpace(strings.ToValidUTF8(e, "")); e != "" {
			examples = append(examples, cut(e, maxExample))
		}
	}
	if len(examples) > maxExamples {
		return wrong("it has %d example questions; %d are possible", len(examples), maxExamples)
	}
	p.Examples = examples
	return p, nil
}

func noSources() document.Sources {
	return document.Sources{Documents: []string{}, Collections: []string{}}
}

func oneLine(text string) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
}

func cut(text string, runes int) string {
	if r := []rune(text); len(r) > runes {
		return string(r[:runes])
	}
	return text
}

// file is how presets travel.
type file struct {
	Format  string   `json:"format"`
	Version int      `json:"version"`
	Presets []Preset `json:"presets"`
}

// Export writes presets as JSON. Documents belong to one machine and stay out.
func Export(all []Preset) ([]byte, error) {
	f := file{format, version, []Preset{}}
	for _, p := range all {
		p.ID, p.CreatedAt, p.Sources = "", 0, document.Sources{Documents: []string{}, Collections: []string{}, Route: p.Sources.Route}
		f.Presets = append(f.Presets, p)
	}
	return json.MarshalIndent(f, "", "  ")
}

// Import reads what Export wrote. One bad preset spoils the file: half of it
// would look like all of it.
func Import(text []byte) ([]Preset, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("the file of presets is larger than %d MiB", maxFile>>20)
	}
	var f file
	if err := json.Unmarshal(text, &f); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("the file of presets is not whole: at byte %d: %w", syntax.Offset, err)
		}
		return nil, fmt.Errorf("this is no file of presets: %w", err)
	}
	if f.Format != format {
		return nil, errors.New("this is no file of presets; choose one that Freehold exported")
	}
	if f.Version > version {
		return nil, errors.New("the presets were written by a newer Freehold; install that one first")
	}
	if len(f.Presets) == 0 || len(f.Presets) > maxMany {
		return nil, fmt.Errorf("the file holds %d presets; it can be 1 to %d", len(f.Presets), maxMany)
	}
	out := []Preset{}
	for i, p := range f.Presets {
		p.ID, p.Hidden, p.CreatedAt, p.Sources.Documents, p.Sources.Collections = "", false, 0, nil, nil
		p, err := p.Checked()
		if err != nil {
			return nil, fmt.Errorf("preset %d of %d: %w", i+1, len(f.Presets), err)
		}
		out = append(out, p)
	}
	return out, nil
}
