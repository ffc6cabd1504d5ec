package parse

import (
	"archive/zip"
	"bytes"
	"path/filepath"
	"strings"

	"github.com/gabriel-vasile/mimetype"
	"github.com/richardlehane/mscfb"
)

// named are the kinds by extension; it decides among texts, and tells a wrong
// extension.
var named = map[string]Kind{
	".pdf": PDF, ".docx": DOCX, ".docm": DOCX, ".dotx": DOCX, ".pptx": PPTX, ".pptm": PPTX, ".ppsx": PPTX, ".potx": PPTX,
	".xlsx": XLSX, ".xlsm": XLSX, ".xltx": XLSX, ".odt": ODT, ".ott": ODT, ".odp": ODP, ".otp": ODP, ".ods": ODS, ".ots": ODS,
	".csv": CSV, ".tsv": TSV, ".tab": TSV, ".html": HTML, ".htm": HTML, ".xhtml": HTML, ".epub": EPUB, ".rtf": RTF,
	".md": Markdown, ".markdown": Markdown, ".mdown": Markdown, ".mkd": Markdown, ".txt": Text, ".text": Text, ".log": Text, ".rst": Text, ".adoc": Text, ".org": Text, ".tex": Text,
	".eml": EML, ".msg": MSG,
	".png": Image, ".jpg": Image, ".jpeg": Image, ".gif": Image, ".bmp": Image, ".tif": Image, ".tiff": Image, ".webp": Image,
}

// languages are extensions of source code and data, with the language's name.
var languages = map[string]string{
	".go": "go", ".py": "python", ".js": "javascript", ".mjs": "javascript", ".cjs": "javascript", ".jsx": "javascript", ".ts": "typescript", ".tsx": "typescript",
	".c": "c", ".h": "c", ".cc": "c++", ".cpp": "c++", ".cxx": "c++", ".hpp": "c++", ".cs": "c#", ".java": "java", ".kt": "kotlin", ".kts": "kotlin", ".scala": "scala", ".swift": "swift",
	".rs": "rust", ".rb": "ruby", ".php": "php", ".pl": "perl", ".pm": "perl", ".lua": "lua", ".r": "r", ".jl": "julia", ".m": "matlab", ".sh": "shell", ".bash": "shell", ".zsh": "shell", ".ps1": "powershell", ".bat": "batch",
	".sql": "sql", ".json": "json", ".jsonl": "json", ".ndjson": "json", ".yaml": "yaml", ".yml": "yaml", ".toml": "toml", ".ini": "ini", ".cfg": "ini", ".conf": "ini", ".xml": "xml", ".xsd": "xml", ".xsl": "xml", ".svg": "xml",
	".css": "css", ".scss": "css", ".less": "css", ".vue": "vue", ".svelte": "svelte", ".hs": "haskell", ".ml": "ocaml", ".ex": "elixir", ".exs": "elixir", ".erl": "erlang", ".clj": "clojure", ".dart": "dart", ".zig": "zig", ".nim": "nim",
	".f90": "fortran", ".f": "fortran", ".pas": "pascal", ".vb": "vb", ".vba": "vb", ".asm": "assembly", ".s": "assembly", ".proto": "protobuf", ".tf": "terraform", ".gradle": "groovy", ".groovy": "groovy", ".cmake": "cmake", ".mk": "make", ".diff": "diff", ".patch": "diff",
}

// Readable tells by its name whether a file may be of a kind that can be read:
// to choose among the files of a folder.
func Readable(name string) bool {
	ext := strings.ToLower(filepath.Ext(name))
	return named[ext] != "" || languages[ext] != ""
}

// detected is what the content shows.
type detected struct {
	kind     Kind
	language string // of code
	what     string // in words, for kinds that cannot be read
	problem  Problem
}

// detect finds what a file is.
func detect(name string, data []byte) detected {
	ext := strings.ToLower(filepath.Ext(name))
	head := data[:min(len(data), 4096)]
	trimmed := bytes.TrimLeft(bytes.TrimPrefix(head, []byte{0xef, 0xbb, 0xbf}), " \t\r\n\x00")
	switch {
	case len(data) == 0, allBlank(data):
		return detected{kind: Unknown, problem: NoContent}
	case bytes.Contains(data[:min(len(data), 1024)], []byte("%PDF-")):
		return detected{kind: PDF}
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return detectZip(data, named[ext])
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return detectCompound(data)
	case bytes.HasPrefix(trimmed, []byte(`{\rt`)):
		return detected{kind: RTF}
	}
	m := mimetype.Detect(head)
	major, _, _ := strings.Cut(m.String(), "/")
	switch {
	case m.Is("image/png"), m.Is("image/jpeg"), m.Is("image/gif"), m.Is("image/bmp"), m.Is("image/tiff"), m.Is("image/webp"):
		return detected{kind: Image}
	case m.Is("image/svg+xml"):
		return detected{kind: Code, language: "xml"}
	case major == "image", major == "video", major == "audio", major == "font", notText(head):
		what := m.String()
		if what == "application/octet-stream" || strings.HasPrefix(what, "text/") {
			what = "binary data"
		}
		if k := named[ext]; k != "" && k != Text && k != Markdown && k != CSV && k != TSV {
			return detected{kind: k, what: what, problem: Damaged}
		}
		return detected{kind: Unknown, what: what, problem: Unsupported}
	}
	return detectText(ext, m, trimmed)
}

func detectText(ext string, m *mimetype.MIME, trimmed []byte) detected {
	text, _ := decodeText(trimmed, "")
	lower := strings.ToLower(text[:min(len(text), 2048)])
	looksHTML := strings.HasPrefix(lower, "<!doctype html") || strings.HasPrefix(lower, "<html") || strings.HasPrefix(lower, "<?xml") && strings.Contains(lower, "<html") || m.Is("text/html")
	looksMail := mailHead(text)
	if lang := languages[ext]; lang != "" && !(looksHTML && lang == "xml") {
		return detected{kind: Code, language: lang}
	}
	switch k := named[ext]; k {
	case CSV, TSV, Markdown, HTML:
		if looksMail && k == HTML {
			return detected{kind: EML}
		}
		return detected{kind: k}
	case EML:
		if looksMail {
			return detected{kind: EML}
		}
	case Text, "":
	default: // the extension of a kind that is not text, over text
		if looksHTML {
			return detected{kind: HTML}
		}
	}
	switch {
	case looksHTML:
		return detected{kind: HTML}
	case looksMail:
		return detected{kind: EML}
	}
	return detected{kind: Text}
}

// mailHead tells whether a text begins with a message's header.
func mailHead(text string) bool {
	known := 0
	for i := 0; i < 40 && text != ""; i++ {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		line = strings.TrimRight(line, "\r")
		if line == "" {
			break
		}
		if line[0] == ' ' || line[0] == '\t' || strings.HasPrefix(line, "From ") && i == 0 {
			continue
		}
		key, _, ok := strings.Cut(line, ":")
		if !ok || strings.ContainsAny(key, " \t<") {
			return false
		}
		switch strings.ToLower(key) {
		case "from", "to", "subject", "date", "message-id", "received", "mime-version", "return-path", "content-type", "delivered-to":
			known++
		}
	}
	return known >= 3
}

func allBlank(b []byte) bool {
	for _, c := range b {
		if c != 0 && c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return true
}

func detectZip(data []byte, byName Kind) detected {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && z == nil {
		switch byName {
		case DOCX, PPTX, XLSX, ODT, ODP, ODS, EPUB:
			return detected{kind: byName}
		}
		return detected{kind: Unknown, what: "a damaged archive", problem: Damaged}
	}
	var d detected
	for i, f := range z.File {
		if i > 20_000 {
			break
		}
		switch name := strings.ReplaceAll(f.Name, "\\", "/"); {
		case name == "mimetype":
			if k := declared(f); k != "" {
				return detected{kind: k}
			}
		case name == "META-INF/container.xml":
			d.kind = EPUB
		case name == "word/document.xml":
			return detected{kind: DOCX}
		case name == "ppt/presentation.xml":
			return detected{kind: PPTX}
		case name == "xl/workbook.xml":
			return detected{kind: XLSX}
		case name == "xl/workbook.bin":
			return detected{kind: Unknown, what: "an Excel binary workbook (.xlsb): save it as .xlsx", problem: Unsupported}
		case strings.HasPrefix(name, "word/document"):
			d.kind = DOCX
		}
	}
	if d.kind == "" {
		if byName == DOCX || byName == PPTX || byName == XLSX {
			return detected{kind: byName, what: "an archive without the parts of one", problem: Damaged}
		}
		return detected{kind: Unknown, what: "an archive: unpack it first", problem: Unsupported}
	}
	return d
}

// declared reads the entry with which ODF and EPUB say what they are.
func declared(f *zip.File) Kind {
	r, err := f.Open()
	if err != nil {
		return ""
	}
	defer r.Close()
	b := make([]byte, 128)
	n, _ := r.Read(b)
	s := strings.TrimSpace(string(b[:n]))
	switch s {
	case "application/epub+zip":
		return EPUB
	}
	s = strings.TrimSuffix(strings.TrimPrefix(s, "application/vnd.oasis.opendocument."), "-template")
	return map[string]Kind{"text": ODT, "text-master": ODT, "presentation": ODP, "spreadsheet": ODS}[s]
}

// detectCompound looks into an OLE compound file.
func detectCompound(data []byte) detected {
	d := detected{kind: Unknown, what: "a compound file", problem: Unsupported}
	err := guard(func() error {
		r, err := mscfb.New(bytes.NewReader(data))
		if err != nil {
			return err
		}
		for _, e := range r.File[:min(len(r.File), 10_000)] {
			switch {
			case strings.HasPrefix(e.Name, "__properties_version1"), strings.HasPrefix(e.Name, "__substg1.0_"):
				d = detected{kind: MSG}
				return nil
			case e.Name == "EncryptedPackage", e.Name == "EncryptionInfo":
				d = detected{kind: Unknown, what: "an Office document protected by a password", problem: Password}
				return nil
			case e.Name == "WordDocument":
				d.what = "a Word 97-2003 document (.doc): save it as .docx"
			case e.Name == "Workbook", e.Name == "Book":
				d.what = "an Excel 97-2003 workbook (.xls): save it as .xlsx"
			case e.Name == "PowerPoint Document":
				d.what = "a PowerPoint 97-2003 presentation (.ppt): save it as .pptx"
			}
		}
		return nil
	})
	if err != nil {
		return detected{kind: Unknown, what: "a damaged compound file", problem: Damaged}
	}
	return d
}
