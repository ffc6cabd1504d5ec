package parse

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func newTestReader(t testing.TB, c Config) *Reader {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if c.Worker == nil {
		c.Worker = []string{exe, WorkerVerb}
	}
	c.Cache = testCache()
	if c.Most == 0 {
		c.Most = 2
	}
	r, err := NewReader(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func tempFile(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestReaderAgreesWithParse sends every kind through a worker.
func TestReaderAgreesWithParse(t *testing.T) {
	defer goleak.VerifyNone(t)
	r := newTestReader(t, Config{})
	defer r.Close()
	for name, data := range samples(t) {
		want := read(t, name, data)
		path := tempFile(t, name, data)
		got, err := r.Read(context.Background(), path, Options{Words: true})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if outline(got) != outline(want) || len(got.Tables) != len(want.Tables) || got.Title != want.Title {
			t.Errorf("%s: the worker read\n%s\nnot\n%s", name, outline(got), outline(want))
		}
		for i, p := range got.Pages {
			for k, b := range p.Blocks {
				if strings.Join(b.Path, "/") != strings.Join(want.Pages[i].Blocks[k].Path, "/") {
					t.Errorf("%s: path %q, want %q", name, b.Path, want.Pages[i].Blocks[k].Path)
				}
			}
		}
		got.Receipt.File, got.Receipt.Took, want.Receipt.Took = want.Receipt.File, 0, 0
		if fmt.Sprint(got.Receipt) != fmt.Sprint(want.Receipt) {
			t.Errorf("%s: receipt\n%+v, want\n%+v", name, got.Receipt, want.Receipt)
		}
	}
}

func TestReaderSaysWhatIsWrong(t *testing.T) {
	r := newTestReader(t, Config{})
	for _, c := range []struct {
		name string
		path string
		want Problem
	}{
		{"no file", filepath.Join(t.TempDir(), "none.pdf"), Unreadable},
		{"a folder", t.TempDir(), Unsupported},
		{"empty", tempFile(t, "a.txt", nil), NoContent},
		{"zeros", tempFile(t, "a.txt", make([]byte, 5000)), NoContent},
		{"no PDF", tempFile(t, "a.pdf", []byte("%PDF-1.4 nothing else")), Damaged},
		{"binary", tempFile(t, "a.bin", bytes.Repeat([]byte{0, 1, 2, 250}, 500)), Unsupported},
		{"an image", tempFile(t, "a.png", onePixel(t)), NeedsOCR},
	} {
		d, err := r.Read(context.Background(), c.path, Options{})
		var e *Error
		if !errors.As(err, &e) || e.Problem != c.want || !errors.Is(err, &Error{Problem: c.want}) || d.Receipt.Problem != c.want || d.Receipt.Status != Unread || d.Receipt.Error == "" {
			t.Errorf("%s: %v, receipt %+v", c.name, err, d.Receipt)
		}
	}
	d, err := r.Read(context.Background(), tempFile(t, "a.txt", []byte("too long")), Options{Limits: Limits{Bytes: 4}})
	if !errors.Is(err, &Error{Problem: TooLarge}) {
		t.Errorf("%v, %+v", err, d.Receipt)
	}
}

func onePixel(t testing.TB) []byte {
	t.Helper()
	b, _, err := encodePNG(blank(8, 8))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// slowPDF draws one page so long that nobody would wait for it. The file is small, so
// that the time goes by on the page, and not before it is known what the file is.
var slowPDF = sync.OnceValue(func() []byte {
	deflated := func(page string) string {
		var b bytes.Buffer
		w := zlib.NewWriter(&b)
		io.WriteString(w, page) // writing to a buffer does not fail
		w.Close()
		return b.String()
	}
	return pdfFileWith("/Filter/FlateDecode", deflated(pdfText(72, 700, 11, "F1", "A page that ends and has a text.")),
		deflated(strings.Repeat("BT /F1 9 Tf 50 50 Td (x) Tj ET\n", 3_000_000)))
})

// TestReaderEndsWhatTakesTooLong is the time limit: what was read stands, and the
// next file is read.
func TestReaderEndsWhatTakesTooLong(t *testing.T) {
	r := newTestReader(t, Config{})
	if err := r.warmUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	path := tempFile(t, "slow.pdf", slowPDF())
	start := time.Now()
	d, err := r.Read(context.Background(), path, Options{Limits: Limits{Time: 1500 * time.Millisecond}})
	if d.Receipt.Problem != TimedOut || d.Receipt.Kind != PDF || d.Receipt.SHA256 == "" {
		t.Errorf("%v, %+v", err, d.Receipt)
	}
	if d.Receipt.Pages == 1 && (err != nil || d.Receipt.Status != Partial || !strings.Contains(d.Receipt.Skipped[0].What, "page 1")) {
		t.Errorf("%v, %+v", err, d.Receipt)
	}
	t.Logf("ended after %v, %d pages", time.Since(start), d.Receipt.Pages)
	if _, err := r.Read(context.Background(), tempFile(t, "a.txt", []byte("next")), Options{}); err != nil {
		t.Error(err)
	}
}

func TestReaderCancels(t *testing.T) {
	defer goleak.VerifyNone(t)
	r := newTestReader(t, Config{})
	defer r.Close()
	ctx, cancel := context.WithCancel(context.Background())
	path := tempFile(t, "slow.pdf", slowPDF())
	time.AfterFunc(300*time.Millisecond, cancel)
	d, err := r.Read(ctx, path, Options{})
	if !errors.Is(err, context.Canceled) || d.Receipt.Problem != Cancelled {
		t.Errorf("%v, %+v", err, d.Receipt)
	}
}

// TestReaderBoundsMemory gives a worker less than a file needs.
func TestReaderBoundsMemory(t *testing.T) {
	r := newTestReader(t, Config{})
	var s strings.Builder
	s.WriteString("<html><body>")
	for range 600_000 {
		s.WriteString("<p><b>word</b>")
	}
	path := tempFile(t, "a.html", []byte(s.String()))
	d, err := r.Read(context.Background(), path, Options{Limits: Limits{Memory: 64 << 20}})
	if !errors.Is(err, &Error{Problem: OutOfMemory}) {
		t.Errorf("%v, %+v", err, d.Receipt)
	}
}

// TestReaderSurvivesItsWorkers kills idle workers; the next file gets another.
func TestReaderSurvivesItsWorkers(t *testing.T) {
	r := newTestReader(t, Config{})
	path := tempFile(t, "a.txt", []byte("text"))
	if _, err := r.Read(context.Background(), path, Options{}); err != nil {
		t.Fatal(err)
	}
	if len(r.idle) != 1 {
		t.Fatalf("%d workers wait", len(r.idle))
	}
	r.idle[0].kill()
	time.Sleep(50 * time.Millisecond)
	if d, err := r.Read(context.Background(), path, Options{}); err != nil {
		t.Fatalf("%v %+v", err, d.Receipt)
	}
}

func TestReaderReadsAtOnce(t *testing.T) {
	r := newTestReader(t, Config{Most: 3})
	var wg sync.WaitGroup
	for name, data := range samples(t) {
		path := tempFile(t, name, data)
		for range 3 {
			wg.Go(func() {
				if _, err := r.Read(context.Background(), path, Options{}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
}

func TestSinkAndRanges(t *testing.T) {
	r := newTestReader(t, Config{})
	var pages []string
	for i := range 9 {
		pages = append(pages, pdfText(72, 700, 11, "F1", fmt.Sprintf("This is page %d of nine.", i+1)))
	}
	path := tempFile(t, "a.pdf", pdfFile(pages...))
	var got []int
	last := Progress{}
	ranges, err := ParseRanges("2-3, 7-")
	if err != nil {
		t.Fatal(err)
	}
	d, err := r.Read(context.Background(), path, Options{Pages: ranges, Sink: &Sink{
		Page:     func(p Page) error { got = append(got, p.Number); return nil },
		Progress: func(p Progress) { last = p },
	}})
	if err != nil || fmt.Sprint(got) != "[2 3 7 8 9]" || len(d.Pages) != 0 || d.Receipt.Pages != 5 || d.Receipt.PagesTotal != 9 {
		t.Errorf("%v, pages %v, %+v", err, got, d.Receipt)
	}
	if last.Total != 9 || last.File != path {
		t.Errorf("progress %+v", last)
	}
	full := errors.New("the disk is full")
	_, err = r.Read(context.Background(), path, Options{Sink: &Sink{Page: func(Page) error { return full }}})
	if !errors.Is(err, full) {
		t.Errorf("the sink's error became %v", err)
	}
}

func TestImageAndHighlight(t *testing.T) {
	r := newTestReader(t, Config{})
	path := tempFile(t, "a.pdf", pdfFile("", pdfText(100, 700, 12, "F1", "Find the needle in here")+pdfText(100, 680, 12, "F1", "and on the next line.")))
	pic, err := r.Image(context.Background(), path, 2, 72)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(pic.PNG))
	if err != nil || img.Bounds().Dx() != 595 || img.Bounds().Dy() != 842 {
		t.Fatalf("%v, %v", err, img.Bounds())
	}
	d, err := r.Read(context.Background(), path, Options{Words: true})
	if err != nil {
		t.Fatal(err)
	}
	text := d.Pages[1].Text
	at := strings.Index(text, "needle")
	boxes, err := r.Highlight(context.Background(), path, 2, at, at+len("needle"))
	if err != nil || len(boxes) != 1 {
		t.Fatalf("%v, boxes %v", err, boxes)
	}
	// The word's ink lies within its box, and there is none of it left of it.
	dark := func(b Box) (n int) {
		for y := int(b[1]); y < int(b[3]+1); y++ {
			for x := int(b[0]); x < int(b[2]+1); x++ {
				if v, _, _, _ := img.At(x, y).RGBA(); v < 0x8000 {
					n++
				}
			}
		}
		return n
	}
	b := boxes[0]
	if dark(b) < 20 || b[0] < 120 || b[2] > 200 || b[1] < 842-716 || b[3] > 842-694 {
		t.Errorf("box %v with %d dark pixels", b, dark(b))
	}
	found := false
	for _, w := range d.Pages[1].Words {
		if text[w.Start:w.End] == "needle" {
			found = w.Box == b
		}
	}
	if !found {
		t.Errorf("the word's own box is another: %v", d.Pages[1].Words)
	}
	boxes, err = r.Highlight(context.Background(), path, 2, at, len(text))
	if err != nil || len(boxes) != 2 {
		t.Errorf("%v, boxes %v", err, boxes)
	}
	if _, err = r.Image(context.Background(), path, 3, 72); !errors.Is(err, &Error{Problem: NoContent}) {
		t.Errorf("page 3 of 2: %v", err)
	}
}

func TestRotatedPages(t *testing.T) {
	for rotation, want := range map[int]Box{0: {100, 130, 130, 145}, 90: {695, 100, 712, 130}, 180: {465, 695, 495, 712}, 270: {130, 465, 145, 495}} {
		var w pdfWriter
		w.object("<</Type/Catalog/Pages 2 0 R>>")
		w.object("<</Type/Pages/Count 1/Kids[3 0 R]>>")
		w.object(fmt.Sprintf("<</Type/Page/Parent 2 0 R/Rotate %d/MediaBox[0 0 595 842]/Resources<</Font<</F1 4 0 R>>>>/Contents 5 0 R>>", rotation))
		w.object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
		s := pdfText(100, 700, 12, "F1", "mark")
		w.object(fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", len(s), s))
		d := read(t, "a.pdf", w.finish("/Root 1 0 R"))
		b := d.Pages[0].Lines[0].Box
		for i := range b {
			if b[i] < want[i]-8 || b[i] > want[i]+8 {
				t.Errorf("turned by %d: line at %v, want about %v", rotation, b, want)
				break
			}
		}
	}
}

// TestWorkerIsShutIn looks for the worker's own claim, which it has tried.
func TestWorkerIsShutIn(t *testing.T) {
	r := newTestReader(t, Config{})
	if _, err := r.Read(context.Background(), tempFile(t, "a.txt", []byte("text")), Options{}); err != nil {
		t.Fatal(err)
	}
	if s := r.idle[0].sandbox; s != "landlock" {
		t.Skipf("this machine has no sandbox: %s", s)
	}
}

// TestCacheFolder checks that the folder of compiled code is there before any
// worker starts: one that reads a text first has to read a PDF later.
func TestCacheFolder(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "cache", "pdfium")
	r, err := NewReader(Config{Worker: []string{"unused"}, Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if info, err := os.Stat(cache); err != nil || !info.IsDir() {
		t.Error(info, err)
	}
}
