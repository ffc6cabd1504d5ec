package main

import (
	"encoding/binary"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// text is a text to tokenize, and how.
type text struct {
	text  string
	flags byte // 1: add special tokens, 2: parse special tokens
}

// atoms are texts at whose meeting points tokenizers differ.
var atoms = []string{" ", "  ", "   ", "\n", "\n\n", "\r\n", "\r", "\t", "\v", "\f", "\u00a0", "\u3000", "\u2003", "\u0085", "\u2028",
	" \n ", "\n \n", " a", " 1", " !", " 中", " \u0301",
	"'s", "'S", "'t", "'re", "'RE", "'Ll", "'ll", "'ve", "'m", "'D", "'x", "'", "’s",
	"a", "A", "abc", "ABC", "Abc", "aBC", "éa", "É", "ÉCOLE", "École", "ß", "ſ", "'ſ", "ǅ", "ʰ", "İ", "ﬁ", "ẞ", "K", "Å", "ö", "ñ",
	"中文", "中", "日本語", "カタカナ", "ﾊﾝｶｸ", "ひらがな", "한국어", "ㄱ", "ㄅ", "각", "ไทย", "ລາວ", "ខ្មែរ", "မြန်မာ",
	"हिन्दी", "বাংলা", "தமிழ்", "العربية", "עברית", "שָׁלוֹם", "Ελλάδα", "ΐ", "Привет", "й", "ქართული", "Հայերեն", "አማርኛ", "བོད་", "ᠮᠣᠩ",
	"1", "12", "123", "1234", "12345678", "1.5", "1,234", "１２", "٣", "Ⅷ", "½", "²", "𝟗", "①", "௧", "〇",
	".", "..", "...", ",", "!", "?", "-", "--", "/", "//", "\\", "_", "__", "$", "+", "<", "=", "==", ">", "^", "~", "|", "`", "```",
	"#", "%", "&", "*", "**", "(", ")", "()", "[", "]", "{", "}", "};", "@", ":", ";", "\"", "…", "。", "，", "、", "।", "۔", "،", "！", "？", "“", "”", "‘", "—", "·",
	"€", "→", "∑", "©", "™", "¨", "´", "😀", "👍🏽", "😶‍🌫️", "👨‍👩‍👧‍👦", "🇩🇪", "❤️", "\u0301", "e\u0301", "a\u0308\u0301", "\u093c",
	"\u200b", "\u200c", "\u200d", "\u200e", "\u00ad", "\ufeff", "\ufffd", "\x00", "\x01", "\x1b[0m", "\x7f", "\ue000", "\U000e0001", "\U0010ffff",
	"\U00020000", "\U0002ebf0", "\U0002fffe", "豈", "々", "〆", "ー", "㌀", "㎏", "Ｆｕｌｌ", "ｱ", "℃", "ⅷ",
	"<sentinel:12>", "<sentinel:>", "IMGIMGABCZ", "IMGIMGABCDEFZ", "<dna>acgtACGTnn</dna>",
	"<s>", "</s>", "<unk>", "[CLS]", "[SEP]", "[MASK]", "<mask>", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<start_of_turn>", "<0x41>",
	"▁", "▁▁", "▁a", "a▁", "Ġ", "Ċ", "µ", "º", "ª", "a b c", "hello world", "The quick brown fox", "##ing",
	"func main() {\n\treturn nil\n}\n", "    if x:\n        return y\n", "https://example.org/a?b=c&d=%20", "user@example.org", "2024-01-31T12:00:00Z", "C:\\Users\\x"}

// soup strings atoms together.
func soup(r *rand.Rand, extra []string) string {
	var b strings.Builder
	for range 1 + r.IntN(14) {
		atom := atoms[r.IntN(len(atoms))]
		if len(extra) > 0 && r.IntN(12) == 0 {
			atom = extra[r.IntN(len(extra))]
			switch at := r.IntN(len(atom) + 1); r.IntN(6) {
			case 0:
				atom = atom[:at]
			case 1:
				atom = atom[at:]
			}
		}
		n := 1
		if r.IntN(3) == 0 {
			n = 1 + r.IntN(9)
		}
		if r.IntN(400) == 0 {
			n = 50 + r.IntN(600)
		}
		b.WriteString(strings.Repeat(atom, n))
	}
	return b.String()
}

// characters strings code points together: neighbours within a script, or any.
func characters(r *rand.Rand) string {
	blocks := []rune{0, 0x80, 0x100, 0x300, 0x370, 0x400, 0x590, 0x600, 0x900, 0xE00, 0x1100, 0x1E00, 0x1F00, 0x2000, 0x2100, 0x2460, 0x3000, 0x3130,
		0x3200, 0x4E00, 0xAC00, 0xF900, 0xFB00, 0xFE00, 0xFF00, 0x1F300, 0x1F600, 0x10000, 0x1D400, 0x1E900, 0x20000, 0x2F800}
	block := blocks[r.IntN(len(blocks))]
	var b strings.Builder
	for range 1 + r.IntN(60) {
		switch r.IntN(10) {
		case 0:
			b.WriteString(atoms[r.IntN(len(atoms))])
		case 1:
			b.WriteRune(rune(r.IntN(utf8.MaxRune + 1)))
		default:
			b.WriteRune(block + rune(r.IntN(256)))
		}
	}
	return b.String()
}

// broken is a text in which bytes have been changed, so that it is no UTF-8.
func broken(r *rand.Rand, s string) string {
	b := []byte(s)
	odd := []byte{0x80, 0xBF, 0xC0, 0xC1, 0xE0, 0xE2, 0xED, 0xA0, 0xF0, 0xF8, 0xFF}
	for range 1 + r.IntN(5) {
		if len(b) > 0 {
			b[r.IntN(len(b))] = odd[r.IntN(len(odd))]
		}
	}
	for i, c := range b {
		if 0xF4 <= c && c < 0xF8 {
			b[i] = 0xF3 // the reference ends at what lies beyond U+10FFFF
		}
	}
	// … and at a space in too many bytes
	return strings.NewReplacer("\xC0\xA0", "\xC0\xA1", "\xE0\x80\xA0", "\xE0\x80\xA1").Replace(string(b))
}

// everyCharacter has each code point once, among different neighbours.
func everyCharacter(r *rand.Rand) (out []string) {
	between := []string{"", "", " ", "a", "1", "."}
	var b strings.Builder
	for c := rune(1); c < 0x32000; c++ {
		if 0xD800 <= c && c < 0xE000 {
			continue
		}
		b.WriteRune(c)
		b.WriteString(between[r.IntN(len(between))])
		if c%24 == 0 {
			out = append(out, b.String())
			b.Reset()
		}
	}
	return append(out, b.String())
}

// cutUp cuts a text into pieces of different sizes, at characters.
func cutUp(r *rand.Rand, s string) (out []string) {
	sizes := []int{3, 20, 100, 1000, 4000}
	for len(s) > 0 {
		n := min(sizes[r.IntN(len(sizes))], len(s))
		if r.IntN(200) == 0 {
			n = len(s)
		}
		for n < len(s) && !utf8.RuneStart(s[n]) {
			n++
		}
		out = append(out, s[:n])
		s = s[n:]
	}
	return out
}

// library collects real text below directories: message catalogues (.mo), which
// exist in many languages, and documents and code.
func library(r *rand.Rand, dirs []string, size int) (out []string) {
	var catalogues, files []string
	for _, dir := range dirs {
		filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return nil //nolint:nilerr // what cannot be read is left out
			}
			switch filepath.Ext(path) {
			case ".mo":
				catalogues = append(catalogues, path)
			case ".md", ".txt", ".go", ".c", ".h", ".cpp", ".py", ".js", ".ts", ".rs", ".java", ".html", ".json", ".sh", ".tex", ".rst", ".utf-8", ".s", ".xml", ".yaml":
				files = append(files, path)
			}
			return nil
		})
	}
	collect := func(paths []string, limit, perFile, perKind int, kind func(string) string, read func([]byte) string) {
		r.Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
		taken, total := map[string]int{}, 0
		for _, path := range paths {
			if total >= limit || taken[kind(path)] >= perKind {
				continue
			}
			data, err := os.ReadFile(path)
			if err != nil {
				continue
			}
			s := read(data)
			if from := 0; len(s) > perFile {
				from = r.IntN(len(s) - perFile)
				s = s[from : from+perFile]
			}
			taken[kind(path)] += len(s)
			total += len(s)
			out = append(out, s)
		}
	}
	language := func(path string) string {
		return filepath.Base(filepath.Dir(filepath.Dir(path)))
	}
	collect(catalogues, size*2/3, 40_000, 150_000, language, messages)
	got := 0
	for _, s := range out {
		got += len(s)
	}
	collect(files, size-got, 30_000, size, func(string) string { return "" }, func(b []byte) string { return string(b) })
	return out
}

// messages returns the translations in a compiled gettext catalogue.
func messages(mo []byte) string {
	var order binary.ByteOrder = binary.LittleEndian
	if len(mo) < 20 {
		return ""
	}
	if order.Uint32(mo) != 0x950412de {
		order = binary.BigEndian
	}
	count, table := int(order.Uint32(mo[8:])), int(order.Uint32(mo[16:]))
	var b strings.Builder
	for i := range count {
		at := table + 8*i
		if at < 0 || at+8 > len(mo) {
			break
		}
		size, from := int(order.Uint32(mo[at:])), int(order.Uint32(mo[at+4:]))
		if from >= 0 && size >= 0 && from+size <= len(mo) && utf8.Valid(mo[from:from+size]) {
			b.Write(mo[from : from+size])
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// corpus makes about so many bytes of mixed text: three quarters from the
// library, the rest made up, with the given special tokens in it.
func corpus(seed uint64, size int, dirs, special []string) (out []text) {
	r := rand.New(rand.NewPCG(seed, 1))
	var strs []string
	total := 0
	add := func(s string) {
		if s != "" {
			strs = append(strs, s)
			total += len(s)
		}
	}
	if size >= 4<<20 {
		for _, s := range everyCharacter(r) {
			add(s)
		}
	}
	for total < size/4 {
		switch r.IntN(8) {
		case 0, 1:
			add(characters(r))
		case 2:
			add(broken(r, soup(r, special)))
		default:
			add(soup(r, special))
		}
	}
	for _, s := range library(r, dirs, size-total) {
		for _, part := range cutUp(r, s) {
			add(part)
		}
	}
	for total < size { // where there is no library
		add(soup(r, special))
	}
	r.Shuffle(len(strs), func(i, j int) { strs[i], strs[j] = strs[j], strs[i] })
	total = 0
	for _, s := range strs {
		if total >= size {
			break
		}
		total += len(s)
		out = append(out, text{s, byte(r.IntN(4))})
	}
	return slices.Clip(out)
}
