package parse

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

func TestEML(t *testing.T) {
	d := read(t, "a.eml", []byte("From: =?utf-8?q?J=C3=B6rg?= <j@x.org>\r\nTo: b@x.org\r\nSubject: =?iso-8859-1?q?Gr=FC=DFe?=\r\nDate: Mon, 9 Mar 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSch=F6ne T=F6ne.\r\n\r\nEnde.\r\n--a\r\nContent-Type: text/html\r\n\r\n<p>not this</p>\r\n--a--\r\n--m\r\nContent-Type: application/pdf; name=\"plan.pdf\"\r\nContent-Disposition: attachment; filename=\"plan.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--m--\r\n"))
	same(t, outline(d), "== 1 \nfield: From: Jörg <j@x.org>\nfield: To: b@x.org\nfield: Date: Mon, 9 Mar 2026 10:00:00 +0000\nfield: Subject: Grüße\nparagraph: Schöne Töne.\nparagraph: Ende.")
	r := d.Receipt
	if d.Title != "Grüße" || r.Status != Partial || len(r.Skipped) != 1 || r.Skipped[0].Where != "plan.pdf (5 B)" {
		t.Errorf("%q %+v", d.Title, r)
	}
	d = read(t, "b.eml", []byte("From: a@x.org\r\nTo: b@x.org\r\nSubject: s\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<h1>Hi</h1><p>You</p>"))
	if !strings.Contains(outline(d), "heading 1: Hi\nparagraph: You") {
		t.Error(outline(d))
	}
}

// msgFile writes a message as Outlook does: a compound file of 512-byte sectors
// whose streams all lie in whole sectors.
func msgFile(t testing.TB) []byte {
	t.Helper()
	properties := make([]byte, 32+2*16)
	binary.LittleEndian.PutUint32(properties[32:], 0x00390040)
	binary.LittleEndian.PutUint64(properties[40:], 116444736000000000+10_000_000*1_773_050_400) // 2026-03-09T10:00:00Z
	pad := func(b []byte) []byte { return append(b, make([]byte, 4096-len(b)%4096)...) }
	return compoundFile(t, [][2]any{
		{"__properties_version1.0", pad(properties)},
		{"__substg1.0_0037001F", pad(utf16LE("The plan"))},
		{"__substg1.0_0C1A001F", pad(utf16LE("Jörg"))},
		{"__substg1.0_0E04001F", pad(utf16LE("Ann"))},
		{"__substg1.0_1000001F", pad(utf16LE("First line.\r\n\r\nSecond."))},
	})
}

// compoundFile writes streams of at least 4096 bytes as an OLE compound file.
func compoundFile(t testing.TB, streams [][2]any) []byte {
	t.Helper()
	const end, fatMark, free = 0xfffffffe, 0xfffffffd, 0xffffffff
	var body []byte
	fat := []uint32{fatMark}
	chain := func(b []byte) uint32 {
		first := uint32(len(fat))
		for i := 0; i < len(b); i += 512 {
			next := uint32(len(fat) + 1)
			if i+512 >= len(b) {
				next = end
			}
			fat = append(fat, next)
		}
		body = append(body, b...)
		return first
	}
	entry := func(name string, kind byte, right, child, start uint32, size int) []byte {
		e := make([]byte, 128)
		n := copy(e, utf16LE(name))
		binary.LittleEndian.PutUint16(e[64:], uint16(n+2))
		e[66], e[67] = kind, 1
		binary.LittleEndian.PutUint32(e[68:], free)
		binary.LittleEndian.PutUint32(e[72:], right)
		binary.LittleEndian.PutUint32(e[76:], child)
		binary.LittleEndian.PutUint32(e[116:], start)
		binary.LittleEndian.PutUint32(e[120:], uint32(size))
		return e
	}
	directory := entry("Root Entry", 5, free, 1, end, 0)
	for i, s := range streams {
		right := uint32(i + 2)
		if i == len(streams)-1 {
			right = free
		}
		b := s[1].([]byte)
		directory = append(directory, entry(s[0].(string), 2, right, free, chain(b), len(b))...)
	}
	for len(directory)%512 != 0 {
		directory = append(directory, make([]byte, 128)...)
	}
	dir := chain(directory)
	if len(fat) > 128 {
		t.Fatal("too large for one sector of allocation")
	}
	header := make([]byte, 512)
	copy(header, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	binary.LittleEndian.PutUint16(header[24:], 0x3e)
	binary.LittleEndian.PutUint16(header[26:], 3)
	binary.LittleEndian.PutUint16(header[28:], 0xfffe)
	binary.LittleEndian.PutUint16(header[30:], 9)
	binary.LittleEndian.PutUint16(header[32:], 6)
	binary.LittleEndian.PutUint32(header[44:], 1)
	binary.LittleEndian.PutUint32(header[48:], dir)
	binary.LittleEndian.PutUint32(header[56:], 4096)
	binary.LittleEndian.PutUint32(header[60:], end)
	binary.LittleEndian.PutUint32(header[68:], end)
	for i := range 109 {
		binary.LittleEndian.PutUint32(header[76+4*i:], free)
	}
	binary.LittleEndian.PutUint32(header[76:], 0)
	table := make([]byte, 512)
	for i := range 128 {
		v := uint32(free)
		if i < len(fat) {
			v = fat[i]
		}
		binary.LittleEndian.PutUint32(table[4*i:], v)
	}
	return slices.Concat(header, table, body)
}

func TestMSG(t *testing.T) {
	d := read(t, "a.msg", msgFile(t))
	same(t, outline(d), "== 1 \nfield: From: Jörg\nfield: To: Ann\nfield: Date: 2026-03-09T10:00:00Z\nfield: Subject: The plan\nparagraph: First line.\nparagraph: Second.")
	if d.Title != "The plan" || d.Kind != MSG {
		t.Errorf("%+v", d)
	}
}

// TestExpandRTF is the example of MS-OXRTFCP.
func TestExpandRTF(t *testing.T) {
	b, err := expandRTF([]byte("\x2d\x00\x00\x00\x2b\x00\x00\x00\x4c\x5a\x46\x75\xf1\xc5\xc7\xa7\x03\x00\x0a\x00\x72\x63\x70\x67\x31\x32\x35\x42\x32\x0a\xf3\x20\x68\x65\x6c\x09\x00\x20\x62\x77\x05\xb0\x6c\x64\x7d\x0a\x80\x0f\xa0"))
	if err != nil || string(b) != "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n" {
		t.Errorf("%q, %v", b, err)
	}
}
