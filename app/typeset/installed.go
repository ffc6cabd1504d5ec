package typeset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/sfnt"
)

const (
	mostFonts    = 4000     // files looked at
	mostFontSize = 48 << 20 // bytes
	searching    = 3 * time.Second
	mostOthers   = 6 // fonts taken
)

// folders in which systems keep fonts.
func folders() []string {
	home, _ := os.UserHomeDir()
	switch runtime.GOOS {
	case "windows":
		return []string{filepath.Join(os.Getenv("WINDIR"), "Fonts"), filepath.Join(os.Getenv("LOCALAPPDATA"), "Microsoft", "Windows", "Fonts")}
	case "darwin":
		return []string{"/System/Library/Fonts", "/Library/Fonts", filepath.Join(home, "Library", "Fonts")}
	}
	return []string{"/usr/share/fonts", "/usr/local/share/fonts", filepath.Join(home, ".local", "share", "fonts"), filepath.Join(home, ".fonts")}
}

// installed finds fonts of this machine for the letters, those that have most of
// them first, and no more than are needed.
func installed(lacking map[rune]bool) []*other {
	var found []*other
	if len(lacking) == 0 {
		return nil
	}
	type candidate struct {
		path  string
		index int
		has   []rune
	}
	var all []candidate
	giveUp := time.Now().Add(searching)
	seen := 0
	for _, dir := range folders() {
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil //nolint:nilerr // what cannot be read is passed over: other fonts may do
			}
			seen++
			if seen > mostFonts || time.Now().After(giveUp) {
				return fs.SkipAll
			}
			if !plain(d.Name()) {
				return nil
			}
			for i, has := range covering(path, lacking) {
				if len(has) > 0 {
					all = append(all, candidate{path, i, has})
				}
			}
			return nil
		})
	}
	for len(lacking) > 0 && len(found) < mostOthers && len(all) > 0 {
		left := func(c candidate) (n int) {
			for _, r := range c.has {
				if lacking[r] {
					n++
				}
			}
			return n
		}
		slices.SortStableFunc(all, func(a, b candidate) int { return left(b) - left(a) })
		best := all[0]
		all = all[1:]
		if left(best) == 0 {
			break
		}
		o, err := load(best.path, best.index, fmt.Sprintf("other%d", len(found)))
		if err != nil {
			continue
		}
		found = append(found, o)
		for _, r := range best.has {
			delete(lacking, r)
		}
	}
	return found
}

// plain tells names of font files that may be used: upright, of regular weight.
func plain(name string) bool {
	low := strings.ToLower(name)
	ext := filepath.Ext(low)
	if ext != ".ttf" && ext != ".ttc" && ext != ".otf" {
		return false
	}
	for _, style := range []string{"bold", "italic", "oblique", "light", "thin", "black", "condensed", "medium", "heavy", "mono", "emoji"} {
		if strings.Contains(low, style) {
			return false
		}
	}
	return true
}

// covering tells which of the letters each font of a file has; fonts that have no
// TrueType outlines cannot be set and have none.
func covering(path string, letters map[rune]bool) [][]rune {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() > mostFontSize || !info.Mode().IsRegular() {
		return nil
	}
	offsets, err := members(f)
	if err != nil || !slices.ContainsFunc(offsets, func(at uint32) bool { return outlined(f, at) }) {
		return nil
	}
	c, err := sfnt.ParseCollectionReaderAt(f)
	if err != nil {
		return nil
	}
	var b sfnt.Buffer
	all := make([][]rune, c.NumFonts())
	for i := range all {
		if i >= len(offsets) || !outlined(f, offsets[i]) {
			continue
		}
		font, err := c.Font(i)
		if err != nil {
			continue
		}
		for r := range letters {
			if g, err := font.GlyphIndex(&b, r); r <= 0xffff && err == nil && g != 0 {
				all[i] = append(all[i], r)
			}
		}
	}
	return all
}

// members are the places of the table directories of a file's fonts.
func members(f io.ReaderAt) ([]uint32, error) {
	head := make([]byte, 12)
	if _, err := f.ReadAt(head, 0); err != nil {
		return nil, err
	}
	if string(head[:4]) != "ttcf" {
		return []uint32{0}, nil
	}
	n := binary.BigEndian.Uint32(head[8:])
	if n > 64 {
		return nil, errors.New("a collection of too many fonts")
	}
	list := make([]byte, 4*n)
	if _, err := f.ReadAt(list, 12); err != nil {
		return nil, err
	}
	offsets := make([]uint32, n)
	for i := range offsets {
		offsets[i] = binary.BigEndian.Uint32(list[4*i:])
	}
	return offsets, nil
}

// table is an entry of a font's directory (OpenType specification, "Font file").
type table struct {
	tag            string
	sum, at, bytes uint32
}

func directory(f io.ReaderAt, at uint32) ([]table, error) {
	head := make([]byte, 12)
	if _, err := f.ReadAt(head, int64(at)); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(head[4:]))
	if n > 128 {
		return nil, errors.New("a font of too many tables")
	}
	list := make([]byte, 16*n)
	if _, err := f.ReadAt(list, int64(at)+12); err != nil {
		return nil, err
	}
	all := make([]table, n)
	for i := range all {
		e := list[16*i:]
		all[i] = table{string(e[:4]), binary.BigEndian.Uint32(e[4:]), binary.BigEndian.Uint32(e[8:]), binary.BigEndian.Uint32(e[12:])}
	}
	return all, nil
}

func outlined(f io.ReaderAt, at uint32) bool {
	tables, err := directory(f, at)
	return err == nil && slices.ContainsFunc(tables, func(t table) bool { return t.tag == "glyf" })
}

// load reads a font of a file, taken out of its collection if it is in one.
func load(path string, index int, family string) (o *other, err error) {
	defer func() {
		if p := recover(); p != nil { // the PDF writer trusts fonts
			o, err = nil, fmt.Errorf("%s: damaged font: %v", path, p)
		}
	}()
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := bytes.NewReader(data)
	offsets, err := members(f)
	if err != nil || index >= len(offsets) {
		return nil, fmt.Errorf("%s has no font %d: %w", path, index, err)
	}
	if len(offsets) > 1 || offsets[0] != 0 {
		if data, err = alone(data, offsets[index]); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	font, err := sfnt.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	trial := fpdf.New("P", "pt", "A4", "")
	trial.AddUTF8FontFromBytes(family, "", data)
	trial.AddPage()
	trial.SetFont(family, "", 10)
	trial.Text(10, 10, "1")
	if err := trial.Output(io.Discard); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &other{family, font, data}, nil
}

// alone writes a font of a collection as a file of its own.
func alone(data []byte, at uint32) ([]byte, error) {
	tables, err := directory(bytes.NewReader(data), at)
	if err != nil {
		return nil, err
	}
	out := append([]byte{}, data[at:at+12]...)
	next := uint32(12 + 16*len(tables))
	for _, t := range tables {
		if uint64(t.at)+uint64(t.bytes) > uint64(len(data)) {
			return nil, errors.New("a table lies outside of the file")
		}
		out = append(out, t.tag...)
		out = binary.BigEndian.AppendUint32(out, t.sum)
		out = binary.BigEndian.AppendUint32(out, next)
		out = binary.BigEndian.AppendUint32(out, t.bytes)
		next += (t.bytes + 3) &^ 3
	}
	for _, t := range tables {
		out = append(out, data[t.at:t.at+t.bytes]...)
		out = append(out, make([]byte, (4-t.bytes%4)%4)...)
	}
	return out, nil
}
