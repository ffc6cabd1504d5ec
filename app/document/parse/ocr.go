package parse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// OCR recognises text in images with a Tesseract that is installed. It is given
// only images that this program has drawn, never a file as it came.
type OCR struct {
	Command   string
	Version   string
	Installed []string      // languages, as eng, deu
	Languages []string      // to be used, in order of likelihood
	Time      time.Duration // for one page; default a minute
}

// ErrNoOCR says that no Tesseract was found.
var ErrNoOCR = errors.New("no Tesseract is installed: images and scanned pages are not read (Debian and Ubuntu: apt install tesseract-ocr; macOS: brew install tesseract; Windows: the installer of UB Mannheim)")

// FindOCR looks for Tesseract: command, or on the path if that is empty. Of the
// languages those that are installed are used; without any, English or the first
// installed.
func FindOCR(ctx context.Context, command string, languages ...string) (*OCR, error) {
	if command == "" {
		command = "tesseract"
	}
	path, err := exec.LookPath(command)
	if err != nil {
		return nil, ErrNoOCR
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	o := &OCR{Command: path}
	v, err := ocrCommand(ctx, path, "--version").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s does not run: %w: %s", path, err, firstLine(string(v)))
	}
	o.Version = strings.TrimPrefix(strings.TrimSpace(firstLine(string(v))), "tesseract ")
	list, err := ocrCommand(ctx, path, "--list-langs").Output()
	if err != nil {
		return nil, fmt.Errorf("%s does not list its languages: %w", path, err)
	}
	for i, l := range strings.Split(string(list), "\n") {
		if l = strings.TrimSpace(l); i > 0 && l != "" && l != "osd" && !strings.ContainsAny(l, " :") {
			o.Installed = append(o.Installed, l)
		}
	}
	if len(o.Installed) == 0 {
		return nil, fmt.Errorf("%s has no languages: install one, such as tesseract-ocr-eng", path)
	}
	for _, l := range languages {
		if !slices.Contains(o.Installed, l) {
			return nil, fmt.Errorf("Tesseract has no language %q; installed: %s", l, strings.Join(o.Installed, ", "))
		}
		o.Languages = append(o.Languages, l)
	}
	if len(o.Languages) == 0 {
		o.Languages = o.Installed[:1]
		if slices.Contains(o.Installed, "eng") {
			o.Languages = []string{"eng"}
		}
	}
	return o, nil
}

func ocrCommand(ctx context.Context, path string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, path, args...)
	c.Env = append(os.Environ(), "OMP_THREAD_LIMIT=1") // its threads gain little and cost much
	c.WaitDelay = 2 * time.Second
	hideWindow(c)
	return c
}

// ocrWord is a word that Tesseract found, in pixels.
type ocrWord struct {
	block, par, line int
	box              Box
	text             string
	sure             float64 // 0 to 100
}

// read recognises the words of a PNG of so many dots per inch.
func (o *OCR) read(ctx context.Context, png []byte, dpi int) ([]ocrWord, error) {
	limit := o.Time
	if limit <= 0 {
		limit = time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c := ocrCommand(ctx, o.Command, "stdin", "stdout", "-l", strings.Join(o.Languages, "+"), "--dpi", strconv.Itoa(dpi), "tsv")
	c.Stdin = bytes.NewReader(png)
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	if err := c.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("text recognition took longer than %v", limit)
		}
		return nil, fmt.Errorf("text recognition failed: %w: %s", err, clip(firstLine(said.String()), 200))
	}
	return parseTSV(out.String()), nil
}

// parseTSV reads Tesseract's table: level, page, block, paragraph, line, word,
// left, top, width, height, confidence, text.
func parseTSV(s string) []ocrWord {
	var words []ocrWord
	for line := range strings.SplitSeq(s, "\n") {
		f := strings.SplitN(strings.TrimRight(line, "\r"), "\t", 12)
		if len(f) != 12 || f[0] != "5" || strings.TrimSpace(f[11]) == "" || len(words) >= 200_000 {
			continue
		}
		var n [10]int
		bad := false
		for i := range n {
			v, err := strconv.Atoi(f[i])
			n[i], bad = v, bad || err != nil
		}
		sure, err := strconv.ParseFloat(f[10], 64)
		if bad || err != nil || sure < 0 {
			continue
		}
		words = append(words, ocrWord{block: n[2], par: n[3], line: n[4], text: strings.TrimSpace(clean(f[11])), sure: sure,
			box: Box{float64(n[6]), float64(n[7]), float64(n[6] + n[8]), float64(n[7] + n[9])}})
	}
	return words
}

// scanDPI is the resolution at which a page is drawn to be recognised.
const scanDPI = 300

// recognise fills a scanned page with what Tesseract reads. A page that cannot be
// read stays scanned, and the receipt says why.
func (j *job) recognise(p *Page) {
	pic, err := j.paint(p.Number)
	var words []ocrWord
	if err == nil {
		words, err = j.config.OCR.read(j.ctx, pic.PNG, scanDPI)
	}
	if err != nil {
		if j.unread == nil {
			j.unread = map[int]string{}
		}
		j.unread[p.Number] = err.Error()
		return
	}
	j.recognised++
	p.Recognised = true
	p.fillOCR(words, pic.Scale, j.options.Words)
}

// paint draws a page with a worker kept for this file.
func (j *job) paint(page int) (Picture, error) {
	q := request{Name: "scan", Limits: j.limits, Render: &render{Page: page, DPI: scanDPI}, Same: j.painted}
	f, err := os.Open(j.path)
	if err != nil {
		return Picture{}, err
	}
	defer f.Close()
	if j.painter == nil {
		if j.painter, err = j.process(j.ctx, f); err != nil {
			return Picture{}, err
		}
	}
	var pic Picture
	err = j.exchange(j.ctx, j.painter, q, f, func(a answer, p *process) (err error) {
		if a.Image == nil {
			return errors.New("the worker gave no image")
		}
		pic = Picture{Width: a.Image.Width, Height: a.Image.Height, Scale: a.Image.Scale}
		pic.PNG, err = readFrame(p.out, frameMost)
		return err
	}, false)
	j.painted = true
	if err != nil && !j.painter.alive() || j.painter.cmd.ProcessState != nil {
		j.painter, j.painted = nil, false
	}
	return pic, err
}

// fillOCR makes the page's text, lines and paragraphs of recognised words.
func (p *Page) fillOCR(words []ocrWord, scale float64, keepWords bool) {
	if scale <= 0 {
		scale = 1
	}
	var text strings.Builder
	var block *Block
	last := ocrWord{block: -1}
	end := func() {
		if block != nil {
			block.End = text.Len()
			p.Blocks = append(p.Blocks, *block)
		}
	}
	for _, w := range words {
		box := w.box
		for i := range box {
			box[i] /= scale
		}
		box = rounded(box)
		newBlock := w.block != last.block || w.par != last.par
		newLine := newBlock || w.line != last.line
		if newBlock {
			end()
			block = &Block{Kind: Paragraph}
		}
		switch {
		case text.Len() == 0:
		case newBlock:
			text.WriteString("\n\n")
		case newLine:
			text.WriteByte('\n')
		default:
			text.WriteByte(' ')
		}
		at := text.Len()
		text.WriteString(w.text)
		if newBlock {
			block.Start = at
		}
		if newLine {
			p.Lines = append(p.Lines, Span{Start: at, End: text.Len(), Box: box})
			block.Boxes = append(block.Boxes, box)
			if block.Text != "" {
				joined := strings.TrimSuffix(block.Text, "-")
				if joined == block.Text {
					joined += " "
				}
				block.Text = joined + w.text
			} else {
				block.Text = w.text
			}
		} else {
			l := &p.Lines[len(p.Lines)-1]
			l.End, l.Box = text.Len(), union(l.Box, box)
			block.Boxes[len(block.Boxes)-1] = l.Box
			block.Text += " " + w.text
		}
		if keepWords {
			p.Words = append(p.Words, Span{Start: at, End: text.Len(), Box: box})
		}
		last = w
	}
	end()
	p.Text = text.String()
}

// settleOCR corrects the receipt for what was recognised after the worker had
// written it.
func (j *job) settleOCR() {
	r := &j.doc.Receipt
	r.Recognised = j.recognised
	r.Skipped = slices.DeleteFunc(r.Skipped, func(s Skip) bool { return s.What == "scanned pages" })
	for n, why := range j.unread {
		r.skip("scanned pages", itoa(n), why)
	}
	if r.Problem == NeedsOCR && len(j.unread) == 0 {
		r.Problem, r.Error = "", ""
	}
	if r.Characters > 0 && r.Error == (&Error{Problem: NeedsOCR}).Error() {
		r.Error = ""
	}
	r.warn("%d of %d %ss were recognised with Tesseract %s (%s): expect wrong letters", j.recognised, r.PagesTotal, orPart(r.Unit), j.config.OCR.Version, strings.Join(j.config.OCR.Languages, "+"))
	r.Status = ""
	r.settle()
}
