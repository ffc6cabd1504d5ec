package main

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"log"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"freehold/engine/gguf"
	"freehold/engine/tokenizer"
)

// The golden data of engine/tokenizer: lines.txt, small vocabularies made of
// those lines, and golden.tsv, what llama.cpp makes of the lines by each
// vocabulary under each name of a pre-tokenizer or each setting.

// sentences are what people write, in some of their languages.
var sentences = []string{
	"The quick brown fox doesn't jump over 13 lazy dogs; it'll sleep.", "I'VE SEEN THEM, they're HERE: $1,234.56!",
	"Être ou ne pas être, telle est la question – l'été, ça va.", "Größenwahn: 3½ Straßenbahnen fahren nach Österreich.",
	"Türkiye'deki Hakkari'ta Van'ta Bolu'ta 'tablo 'tablo DON'Table o'clock rock'n'roll 'veil'", "¿Dónde está la biblioteca? ¡Allí, señor!", "Zażółć gęślą jaźń. Příliš žluťoučký kůň.", "Her hafta İstanbul'a, ılık IŞIK.",
	"Съешь же ещё этих мягких французских булок.", "Ξεσκεπάζω τὴν ψυχοφθόρα βδελυγμία.", "שָׁלוֹם עולם, מה שלומך?",
	"السلام عليكم، كيف حالك؟ ١٢٣٤", "नमस्ते दुनिया, आप कैसे हैं? १२३", "আমার সোনার বাংলা, আমি তোমায় ভালোবাসি।", "வணக்கம் உலகம்",
	"สวัสดีชาวโลก วันนี้อากาศดี", "ສະບາຍດີຊາວໂລກ", "សួស្តី\u200bពិភពលោក", "မင်္ဂလာပါ ကမ္ဘာ", "ሰላም ልዑል ዓለም", "გამარჯობა მსოფლიო", "Բարեւ աշխարհ",
	"你好，世界！今天是2024年1月31日。", "這是繁體中文的句子。", "吾輩は猫である。名前はまだ無い。ﾊﾝｶｸ", "안녕하세요 세계! ㅋㅋㅋ 각", "བཀྲ་ཤིས་བདེ་ལེགས།",
	"Xin chào thế giới, hôm nay trời đẹp quá.", "👍🏽 😀😶‍🌫️ 👨‍👩‍👧‍👦 🇩🇪 ❤️", "e\u0301 a\u0308\u0301 \u0301x ﬁ ½ ℃ Ⅷ ㎏",
	"func main() {\n\tfmt.Println(\"héllo\", 0x1F)\n}\n\n\n", "def f(x):\n    return x**2  # square\n\n    if x:\n        y = [1,2,3]\n",
	"<div class=\"a\">&nbsp;</div>\r\n\r\n<p>x</p>", "SELECT * FROM t WHERE a='b' AND c<>3;", "https://example.org/a?b=c&d=%20#e user@example.org",
	"a\r\n\r\n \t b  \n", "x\u3000y\u00a0 z\u2003\u0085w", "     five   spaces\t\ttabs\n\n\n\nbreaks ", "1234567890 12 345 6789 ０１２ ٣٤٥",
	// In each of the four ways.
	"<|endoftext|> <|im_end|>a <mask>  b<sep>c</s> [MASK] <unk>", "<|endoftext|> <|im_end|>a <mask>  b<sep>c</s> [MASK] <unk>",
	"<|endoftext|> <|im_end|>a <mask>  b<sep>c</s> [MASK] <unk>", "<|endoftext|> <|im_end|>a <mask>  b<sep>c</s> [MASK] <unk>",
	"<dna>acgtACGTnn</dna>ACGTAC<dna>ACGTACAAAAAAT", "IMGIMGABCZ<sentinel:12> x", "",
}

// makeLines writes the texts.
func makeLines(path string) error {
	r := rand.New(rand.NewPCG(7, 7))
	lines := slices.Clone(sentences)
	for len(lines) < 340 {
		line := soup(r, nil)
		switch r.IntN(8) {
		case 0, 1:
			line = characters(r)
		case 2:
			line = broken(r, line)
		}
		if len(line) < 200 {
			lines = append(lines, line)
		}
	}
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(strconv.Quote(line) + "\n")
	}
	return os.WriteFile(path, []byte(b.String()), 0o644)
}

// readLines reads them; how each is tokenized follows from its place.
func readLines(path string) (texts []text, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(data)) {
		s, err := strconv.Unquote(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, line, err)
		}
		texts = append(texts, text{s, byte(len(texts) % 4)})
	}
	return texts, nil
}

// train joins the most frequent pair of neighbours, again and again, and returns
// the merges. Nothing parts words, so that merges cross every border at which a
// pre-tokenizer may cut.
func train(texts [][]string, count int) (merges [][2]string) {
	for len(merges) < count {
		pairs := map[[2]string]int{}
		for _, t := range texts {
			for i := range len(t) - 1 {
				pairs[[2]string{t[i], t[i+1]}]++
			}
		}
		best := [2]string{}
		for p, n := range pairs {
			if m := pairs[best]; n > m || n == m && slices.Compare(p[:], best[:]) < 0 {
				best = p
			}
		}
		if pairs[best] < 2 {
			return merges
		}
		merges = append(merges, best)
		for k, t := range texts {
			out := t[:0]
			for i := 0; i < len(t); i++ {
				if i+1 < len(t) && t[i] == best[0] && t[i+1] == best[1] {
					out = append(out, t[i]+t[i+1])
					i++
				} else {
					out = append(out, t[i])
				}
			}
			texts[k] = out
		}
	}
	return merges
}

// frequent returns the stretches of 2 to 6 symbols that occur most.
func frequent(texts [][]string, count int) []string {
	found := map[string]int{}
	for _, t := range texts {
		for i := range t {
			for n := 2; n <= 6 && i+n <= len(t); n++ {
				found[strings.Join(t[i:i+n], "")]++
			}
		}
	}
	return top(found, count)
}

func top(found map[string]int, count int) []string {
	all := slices.SortedFunc(maps.Keys(found), func(a, b string) int {
		return cmp.Or(cmp.Compare(found[b]*len(b), found[a]*len(a)), strings.Compare(a, b))
	})
	return all[:min(count, len(all))]
}

// specials are put into every small vocabulary.
var specials = map[string]int32{"<|endoftext|>": tokenizer.TypeControl, "<|im_end|>": tokenizer.TypeNormal, "<mask>": tokenizer.TypeControl,
	"<sep>": tokenizer.TypeUserDefined, "<s>": tokenizer.TypeControl, "</s>": tokenizer.TypeControl, "[MASK]": tokenizer.TypeUserDefined}

// add puts a token unless it is there.
func (v *vocab) add(text string, typ int32, score float32) {
	// llama.cpp reads a token up to its first zero byte.
	if text != "" && !strings.Contains(text, "\x00") && !slices.Contains(v.tokens, text) {
		v.put(len(v.tokens), text, typ)
		v.scores = append(v.scores, score)
	}
}

func (v *vocab) addSpecials() {
	for _, s := range slices.Sorted(maps.Keys(specials)) {
		v.add(s, specials[s], 0)
	}
}

func (v *vocab) addBytes() {
	for b := range 256 {
		v.add(fmt.Sprintf("<0x%02X>", b), tokenizer.TypeByte, 0)
	}
}

// makeSmall writes the small vocabularies, all but unigram.gguf, which takes
// SentencePiece's trainer (see the README beside them).
func makeSmall(dir string) error {
	texts, err := readLines(filepath.Join(dir, "lines.txt"))
	if err != nil {
		return err
	}
	var bytes, marked, plain, clean [][]string
	for _, t := range texts {
		var b []string
		for i := range len(t.text) {
			b = append(b, standIns([]byte(t.text[i:i+1])))
		}
		bytes = append(bytes, b)
		valid := strings.ToValidUTF8(t.text, "")
		plain = append(plain, strings.Split(valid, ""))
		marked = append(marked, strings.Split("▁"+strings.ReplaceAll(valid, " ", "▁"), ""))
		for _, word := range strings.FieldsFunc(valid, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsPunct(r) }) {
			clean = append(clean, strings.Split(strings.ToLower(word), ""))
		}
	}
	characters := func(count int) []string {
		found := map[string]int{}
		for _, t := range plain {
			for _, c := range t {
				if c != " " {
					found[c]++
				}
			}
		}
		return top(found, count)
	}

	byteLevel := func() *vocab {
		v := &vocab{model: "gpt2"}
		for b := range 256 {
			v.add(standIns([]byte{byte(b)}), tokenizer.TypeNormal, 0)
		}
		v.addSpecials() // before merges can lead to them
		var own [][]string
		for _, b := range bytes {
			own = append(own, slices.Clone(b))
		}
		for _, m := range train(own, 900) {
			v.add(m[0]+m[1], tokenizer.TypeNormal, 0)
			v.merges = append(v.merges, m[0]+" "+m[1])
		}
		// Whole words that no merge leads to.
		for _, word := range []string{" hello", "hello world", " The", "日本語", "École", "123", "\n\n", "   ", "don't", " quick", "中文", " a"} {
			v.add(standIns([]byte(word)), tokenizer.TypeNormal, 0)
		}
		// For pre-tokenizers whose vocabularies are written plainly.
		for _, m := range [][2]string{{"▁", "▁"}, {"▁", "a"}, {"中", "文"}, {"a", "b"}, {"ab", "c"}, {"▁a", "b"}, {"\n", "\n"}, {"é", "a"}} {
			for _, s := range []string{m[0], m[1], m[0] + m[1]} {
				v.add(s, tokenizer.TypeNormal, 0)
			}
			v.merges = append(v.merges, m[0]+" "+m[1])
		}
		v.addBytes()
		v.scores = nil
		return v
	}
	small := map[string]*vocab{"bpe": byteLevel()}

	dna := byteLevel()
	dna.model = "hybriddna"
	for _, s := range []string{"<dna>", "</dna>", "<oov>", "ACGTAC\uE000", "AAAAAA\uE000", "TAAAAA\uE000"} {
		dna.put(len(dna.tokens), s, tokenizer.TypeNormal)
	}
	small["dna"] = dna

	spm := &vocab{model: "llama"}
	spm.add("<unk>", tokenizer.TypeUnknown, 0)
	spm.addSpecials()
	spm.addBytes()
	for _, c := range append(characters(250), "▁") {
		spm.add(c, tokenizer.TypeNormal, -2000)
	}
	for i, m := range train(marked, 700) {
		spm.add(m[0]+m[1], tokenizer.TypeNormal, float32(-i))
	}
	spm.more = map[string]any{"bos_token_id": uint32(slices.Index(spm.tokens, "<s>")), "eos_token_id": uint32(slices.Index(spm.tokens, "</s>"))}
	small["spm"] = spm

	bert := &vocab{model: "bert"}
	for _, s := range []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]"} {
		bert.add(s, tokenizer.TypeControl, 0)
	}
	bert.addSpecials()
	for _, c := range characters(400) {
		bert.add("▁"+c, tokenizer.TypeNormal, 0)
		bert.add(strings.ToLower(c), tokenizer.TypeNormal, 0)
		bert.add("▁"+strings.ToLower(c), tokenizer.TypeNormal, 0)
	}
	for i, s := range frequent(clean, 600) {
		if i%3 != 0 {
			bert.add(s, tokenizer.TypeNormal, 0)
		}
		if i%3 != 1 {
			bert.add("▁"+s, tokenizer.TypeNormal, 0)
		}
	}
	bert.scores = nil
	bert.more = map[string]any{"unknown_token_id": uint32(1), "bos_token_id": uint32(2), "seperator_token_id": uint32(3), "padding_token_id": uint32(0)}
	small["wordpiece"] = bert

	rwkv := &vocab{model: "rwkv"}
	escaped := func(s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			if c < ' ' || c > '~' || c == '\\' {
				fmt.Fprintf(&b, `\x%02x`, c)
			} else {
				b.WriteByte(c)
			}
		}
		return b.String()
	}
	rwkv.add("<s>", tokenizer.TypeControl, 0)
	for b := range 256 {
		rwkv.add(escaped(string([]byte{byte(b)})), tokenizer.TypeNormal, 0)
	}
	for _, s := range frequent(plain, 700) {
		rwkv.add(escaped(s), tokenizer.TypeNormal, 0)
	}
	rwkv.addSpecials()
	rwkv.scores = nil
	small["rwkv"] = rwkv

	plamo := &vocab{model: "plamo2"}
	plamo.add("<|plamo:unk|>", tokenizer.TypeUnknown, 0)
	plamo.addSpecials()
	plamo.addBytes()
	for i, c := range characters(250) {
		plamo.add(c, tokenizer.TypeNormal, float32(-5-math.Log(float64(i+1))))
	}
	for i, s := range frequent(plain, 600) {
		plamo.add(s, tokenizer.TypeNormal, float32(-7-math.Log(float64(i+1))))
	}
	small["plamo2"] = plamo

	for _, name := range slices.Sorted(maps.Keys(small)) {
		v := small[name]
		for _, t := range v.tokens {
			if !utf8.ValidString(t) {
				return fmt.Errorf("%s: token %q", name, t)
			}
		}
		if err := v.write(filepath.Join(dir, name+".gguf"), name, ""); err != nil {
			return err
		}
	}
	return nil
}

// settings under which the small vocabularies are read; those of bytes are read
// under every pre-tokenizer besides.
var settings = map[string][]string{
	"wordpiece": {"", "normalizer.lowercase=false", "normalizer.strip_accents=false"},
	"unigram": {"", "add_space_prefix=false", "remove_extra_whitespaces=false", "add_space_prefix=false,remove_extra_whitespaces=false",
		"add_bos_token=true,add_eos_token=false"},
	"spm":    {"", "add_space_prefix=false,add_eos_token=true"},
	"rwkv":   {""},
	"plamo2": {""},
	"dna":    {"pre=qwen2"},
}

// golden writes golden.tsv: vocabulary, settings with one result parted by
// semicolons, and four hexadecimal digits of a hash for each line.
func golden(ctx context.Context, ref *reference, dir string) error {
	texts, err := readLines(filepath.Join(dir, "lines.txt"))
	if err != nil {
		return err
	}
	for _, name := range tokenizer.Pretokenizers() {
		settings["bpe"] = append(settings["bpe"], "pre="+name)
	}
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		rows := map[string][]string{}
		var order []string
		for _, set := range settings[name] {
			res, err := ref.run(ctx, filepath.Join(dir, name+".gguf"), overridesOf(set), texts)
			if err != nil {
				return err
			}
			if res.failed != nil {
				return fmt.Errorf("%s %s: llama.cpp ended at line %d: %w", name, set, len(res.tokens)+1, res.failed)
			}
			var hashes strings.Builder
			for _, ids := range res.tokens {
				hashes.WriteString(hashIDs(ids))
			}
			if rows[hashes.String()] == nil {
				order = append(order, hashes.String())
			}
			rows[hashes.String()] = append(rows[hashes.String()], set)
		}
		for _, hashes := range order {
			fmt.Fprintf(&out, "%s\t%s\t%s\n", name, strings.Join(rows[hashes], ";"), hashes)
		}
		log.Printf("%s: %d settings, %d different results", name, len(settings[name]), len(order))
	}
	return os.WriteFile(filepath.Join(dir, "golden.tsv"), []byte(out.String()), 0o644)
}

// overridesOf turns settings parted by commas into what the reference takes.
func overridesOf(set string) (out []string) {
	for s := range strings.SplitSeq(set, ",") {
		if s == "" {
			continue
		}
		out = append(out, "tokenizer.ggml."+s)
		if s == "pre=whitespace" { // llama.cpp ends at a space under any other model
			out = append(out, "tokenizer.ggml.model=whitespace")
		}
	}
	return out
}

// override does the same to a file that has been opened.
func override(m *gguf.Metadata, overrides []string) {
	for _, o := range overrides {
		key, value, _ := strings.Cut(o, "=")
		switch value {
		case "true", "false":
			m.Set(key, value == "true")
		default:
			m.Set(key, value)
		}
	}
}

func hashIDs(ids []int32) string {
	h := fnv.New32a()
	for _, id := range ids {
		h.Write([]byte{byte(id), byte(id >> 8), byte(id >> 16), byte(id >> 24)})
	}
	return fmt.Sprintf("%04x", h.Sum32()&0xFFFF)
}
