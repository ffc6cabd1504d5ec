package parse

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"sync"
	"time"
	"unicode/utf16"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// pdfiumMemory bounds what one document may take within WebAssembly, in bytes.
const pdfiumMemory = 512 << 20

// pdfiums makes instances of PDFium: C++ compiled to WebAssembly, which can
// touch nothing but its own memory.
type pdfiums struct {
	pool pdfium.Pool
}

var (
	pdfiumOnce   sync.Once
	pdfiumShared *pdfiums
	pdfiumErr    error
	pdfiumCache  string
)

// SetCache names the folder in which PDFium is kept compiled for this machine;
// without one every process compiles it anew, which takes seconds. It must be
// called before the first PDF is read.
func SetCache(dir string) { pdfiumCache = dir }

// Warm compiles PDFium, or loads it from the cache. The first document needs not
// wait then.
func Warm() error {
	_, err := sharedPDFium()
	return err
}

func sharedPDFium() (*pdfiums, error) {
	pdfiumOnce.Do(func() { pdfiumShared, pdfiumErr = openPDFium(pdfiumCache) })
	return pdfiumShared, pdfiumErr
}

func openPDFium(cacheDir string) (*pdfiums, error) {
	config := wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
		WithMemoryLimitPages(pdfiumMemory >> 16)
	if cacheDir != "" {
		cache, err := wazero.NewCompilationCacheWithDir(cacheDir)
		if err != nil {
			return nil, fmt.Errorf("open the folder of compiled code: %w", err)
		}
		config = config.WithCompilationCache(cache)
	}
	pool, err := webassembly.Init(webassembly.Config{
		MaxTotal: 4, RuntimeConfig: config,
		FSConfig: wazero.NewFSConfig(), // nothing of the disk
		Stdout:   io.Discard, Stderr: io.Discard,
	})
	if err != nil {
		return nil, fmt.Errorf("start PDFium: %w", err)
	}
	return &pdfiums{pool: pool}, nil
}

// pdfiumModule is what is used of the library's instance: PDFium's own functions,
// without the library's handles, locks and allocations for each call, which
// would cost more than PDFium itself when every letter's place is asked for.
type pdfiumModule interface {
	Fn(name string) api.Function
	Malloc(size uint64) (uint64, error)
	CreateFileAccessReader(size int64, r io.ReadSeeker) (*uint64, *uint32, error)
}

// instance is one PDFium with one document. It is not for concurrent use.
type instance struct {
	pdfium.Pdfium
	module  pdfiumModule
	memory  api.Memory
	fns     map[string]api.Function
	stack   [16]uint64
	scratch uint32 // scratchSize bytes within PDFium's memory
	err     error  // the first trap; the instance is then of no use
	doc     uint64
}

const scratchSize = 64 << 10

func (p *pdfiums) instance() (*instance, error) {
	in, err := p.pool.GetInstance(30 * time.Second)
	if err != nil {
		return nil, fmt.Errorf("start PDFium: %w", err)
	}
	impl := in.GetImplementation()
	module, ok := impl.(pdfiumModule)
	field := reflect.ValueOf(impl)
	if field.Kind() == reflect.Pointer {
		field = field.Elem().FieldByName("Module")
	}
	if !ok || !field.IsValid() {
		return nil, errors.Join(errors.New("the PDFium library has changed"), in.Close())
	}
	m, ok := field.Interface().(api.Module)
	if !ok {
		return nil, errors.Join(errors.New("the PDFium library has changed"), in.Close())
	}
	i := &instance{Pdfium: in, module: module, memory: m.Memory(), fns: map[string]api.Function{}}
	at, err := module.Malloc(scratchSize)
	if err != nil {
		return nil, errors.Join(err, in.Close())
	}
	i.scratch = uint32(at)
	return i, nil
}

// close gives the instance's memory back.
func (in *instance) close() {
	if in.err == nil && in.doc != 0 {
		in.call("FPDF_CloseDocument", in.doc)
	}
	_ = in.Pdfium.Close()
}

// call calls a function of PDFium. After a trap it does nothing and returns 0.
func (in *instance) call(name string, args ...uint64) uint64 {
	if in.err != nil {
		return 0
	}
	f := in.fns[name]
	if f == nil {
		if f = in.module.Fn(name); f == nil {
			in.err = fmt.Errorf("PDFium has no function %s", name)
			return 0
		}
		in.fns[name] = f
	}
	clear(in.stack[:])
	copy(in.stack[:], args)
	if err := f.CallWithStack(context.Background(), in.stack[:]); err != nil {
		in.err = problem(Damaged, "PDFium could not go on (%s)", firstLine(err.Error()))
		return 0
	}
	return in.stack[0]
}

func firstLine(s string) string {
	for i, c := range s {
		if c == '\n' {
			return s[:i]
		}
	}
	return s
}

// int32 calls a function that returns an int.
func (in *instance) int32(name string, args ...uint64) int {
	return int(int32(uint32(in.call(name, args...))))
}

func (in *instance) float32(name string, args ...uint64) float64 {
	return float64(math.Float32frombits(uint32(in.call(name, args...))))
}

// load opens a document.
func (in *instance) load(data []byte, password string) error {
	pw := uint64(0)
	if password != "" {
		at, err := in.module.Malloc(uint64(len(password) + 1))
		if err != nil {
			return err
		}
		in.memory.Write(uint32(at), append([]byte(password), 0))
		pw = at
	}
	access, _, err := in.module.CreateFileAccessReader(int64(len(data)), newSeeker(data))
	if err != nil {
		return problem(OutOfMemory, "PDFium has no memory for it")
	}
	in.doc = in.call("FPDF_LoadCustomDocument", *access, pw)
	if in.err != nil {
		return in.err
	}
	if in.doc != 0 {
		return nil
	}
	switch code := in.int32("FPDF_GetLastError"); code {
	case 4:
		return problem(Password, "")
	case 5:
		return problem(Password, "it is protected in a way that cannot be opened")
	default:
		return problem(Damaged, "it is no PDF that can be read, or it is cut off (PDFium error %d)", code)
	}
}

// newSeeker reads from memory.
func newSeeker(data []byte) io.ReadSeeker {
	return io.NewSectionReader(readerAt(data), 0, int64(len(data)))
}

type readerAt []byte

func (r readerAt) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= int64(len(r)) {
		return 0, io.EOF
	}
	n := copy(p, r[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// utf16Text calls a function that writes UTF-16 to a buffer and returns the bytes
// it needs: args, then buffer and its length.
func (in *instance) utf16Text(name string, args ...uint64) string {
	n := in.call(name, append(args, uint64(in.scratch), scratchSize)...)
	if n = uint64(uint32(n)); n < 2 || n > scratchSize {
		return ""
	}
	b, ok := in.memory.Read(in.scratch, uint32(n))
	if !ok {
		return ""
	}
	return decodeUTF16LE(b)
}

func decodeUTF16LE(b []byte) string {
	u := make([]uint16, 0, len(b)/2)
	for k := 0; k+1 < len(b); k += 2 {
		c := binary.LittleEndian.Uint16(b[k:])
		if c == 0 {
			break
		}
		u = append(u, c)
	}
	return string(utf16.Decode(u))
}

// cString writes a short constant to the end of the scratch memory.
func (in *instance) cString(s string) uint64 {
	at := in.scratch + scratchSize - 256
	in.memory.Write(at, append([]byte(s), 0))
	return uint64(at)
}

// rect calls a function that fills an FS_RECTF: left, top, right, bottom.
func (in *instance) rect(name string, args ...uint64) (r [4]float64, ok bool) {
	if in.int32(name, append(args, uint64(in.scratch))...) == 0 {
		return r, false
	}
	return in.readRect()
}

func (in *instance) readRect() (r [4]float64, ok bool) {
	b, ok := in.memory.Read(in.scratch, 16)
	if !ok {
		return r, false
	}
	for k := range r {
		r[k] = float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*k:])))
	}
	return r, true
}
