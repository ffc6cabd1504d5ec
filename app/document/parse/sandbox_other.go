//go:build !linux

package parse

// confine does nothing: PDFium is within WebAssembly everywhere, and what the
// other parsers do is plain Go; the process has its bounds of time and memory.
func confine(string) string { return "none on this system" }
