package hub

import (
	"fmt"
	"strings"
)

// unrestricted are licences that restrict no use, so that nobody has to accept
// anything before running the model (SPDX identifiers, lower case).
var unrestricted = map[string]string{
	"apache-2.0": "Apache-2.0", "mit": "MIT", "bsd": "BSD", "bsd-2-clause": "BSD-2-Clause", "bsd-3-clause": "BSD-3-Clause", "isc": "ISC",
	"zlib": "Zlib", "mpl-2.0": "MPL-2.0", "cc0-1.0": "CC0-1.0", "cc-by-3.0": "CC-BY-3.0", "cc-by-4.0": "CC-BY-4.0", "cc-by-sa-3.0": "CC-BY-SA-3.0",
	"cc-by-sa-4.0": "CC-BY-SA-4.0", "unlicense": "Unlicense", "gpl": "GPL", "gpl-2.0": "GPL-2.0", "gpl-3.0": "GPL-3.0", "agpl-3.0": "AGPL-3.0",
	"lgpl": "LGPL", "lgpl-2.1": "LGPL-2.1", "lgpl-3.0": "LGPL-3.0", "afl-3.0": "AFL-3.0", "artistic-2.0": "Artistic-2.0", "wtfpl": "WTFPL",
	"bsl-1.0": "BSL-1.0", "osl-3.0": "OSL-3.0", "ecl-2.0": "ECL-2.0", "cdla-permissive-1.0": "CDLA-Permissive-1.0",
	"cdla-permissive-2.0": "CDLA-Permissive-2.0", "odc-by": "ODC-BY", "pddl": "PDDL", "ms-pl": "MS-PL", "epl-2.0": "EPL-2.0", "openmdw-1.0": "OpenMDW-1.0",
}

// restricted says what the licences of a kind restrict; the first whose
// beginning fits counts.
var restricted = []struct{ start, name, terms string }{
	{"llama", "", "Free for most uses, under Meta's acceptable use policy; products must show \"Built with Llama\", and companies with more than 700 million users a month need a licence of their own."},
	{"gemma", "Gemma Terms of Use", "Free to use under Google's prohibited use policy, which must be passed on with the model."},
	{"cc-by-nc", "", "For non-commercial use only."},
	{"cc-by-nd", "", "The model may not be passed on in a changed form."},
	{"openrail", "", "Uses that harm people, listed in the licence, are forbidden."},
	{"bigscience", "", "Uses that harm people, listed in the licence, are forbidden."},
	{"bigcode", "", "Uses that harm people, listed in the licence, are forbidden."},
	{"creativeml", "", "Uses that harm people, listed in the licence, are forbidden."},
	{"qwen-research", "", "For research only, not for commercial use."},
	{"mistral-ai-research", "", "For research only, not for commercial use."},
	{"mrl", "", "For research only, not for commercial use."},
	{"mnpl", "", "For non-commercial use and tests only."},
	{"lfm", "", "Free for persons and for companies with less than 10 million dollars of revenue a year."},
}

// setLicence fills in what a licence is called and what it restricts.
func (p *Plan) setLicence(name, link string) {
	p.Licence = line(name, 100)
	if strings.HasPrefix(link, "https://") {
		p.LicenceURL = line(link, 500)
	} else if p.Licence != "" {
		p.LicenceURL = p.Homepage
	}
	key := strings.ReplaceAll(strings.ToLower(p.Licence), " ", "-")
	if spdx, ok := unrestricted[key]; ok {
		p.Licence = spdx
		return
	}
	for _, r := range restricted {
		if strings.HasPrefix(key, r.start) {
			p.Terms = r.terms
			if r.name != "" {
				p.Licence = r.name
			}
			return
		}
	}
	switch key {
	case "":
		return // nobody says anything that could be accepted
	case "other", "unknown":
		p.Licence = "terms of " + p.Ref
	}
	p.Terms = fmt.Sprintf("Freehold does not know these terms (%s); read them before you use the model.", p.Licence)
}

// licenceOf recognises a licence by the beginning of its text.
func licenceOf(text string) string {
	head := strings.ToUpper(line(text, 600))
	for _, l := range []struct{ mark, name string }{
		{"APACHE LICENSE", "apache-2.0"}, {"MIT LICENSE", "mit"}, {"PERMISSION IS HEREBY GRANTED, FREE OF CHARGE", "mit"},
		{"LLAMA 3.3 COMMUNITY", "llama3.3"}, {"LLAMA 3.2 COMMUNITY", "llama3.2"}, {"LLAMA 3.1 COMMUNITY", "llama3.1"},
		{"META LLAMA 3 COMMUNITY", "llama3"}, {"LLAMA 4 COMMUNITY", "llama4"}, {"LLAMA 2 COMMUNITY", "llama2"},
		{"GEMMA TERMS OF USE", "gemma"}, {"QWEN RESEARCH LICENSE", "qwen-research"}, {"MISTRAL AI RESEARCH", "mistral-ai-research"},
		{"MISTRAL AI NON-PRODUCTION", "mnpl"}, {"ATTRIBUTION-NONCOMMERCIAL", "cc-by-nc-4.0"}, {"BIGCODE OPEN RAIL-M", "bigcode-openrail-m"},
	} {
		if strings.Contains(head, l.mark) {
			return l.name
		}
	}
	return "other"
}
