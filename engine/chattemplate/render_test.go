package chattemplate

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestRenderCases(t *testing.T) {
	for _, c := range renderCases {
		got, err := renderJSON(c.template, c.variables)
		if err != nil {
			t.Errorf("%s: %s\n%v", c.group, c.template, err)
		} else if got != c.want {
			t.Errorf("%s: %s\n%s", c.group, c.template, firstDifference(got, c.want))
		}
	}
}

func TestPython(t *testing.T) {
	var cases []pythonCase
	for _, c := range renderCases {
		variables := c.variables
		if variables == "" {
			variables = "{}"
		}
		cases = append(cases, pythonCase{c.template, json.RawMessage(variables)})
	}
	for i, a := range python(t, cases) {
		switch c := renderCases[i]; {
		case strings.HasPrefix(a.Error, "SecurityError"):
			// its sandbox keeps templates from changing lists; here they have their own
		case a.Out == nil:
			t.Errorf("%s: %s\nPython: %s", c.group, c.template, a.Error)
		case *a.Out != c.want:
			t.Errorf("%s: %s\nPython gives %q, the table %q", c.group, c.template, *a.Out, c.want)
		}
	}
}
