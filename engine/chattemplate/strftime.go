package chattemplate

import (
	"fmt"
	"strings"
	"time"
)

// strftime formats t as C's strftime does in the C locale, with the flags of
// glibc: "-" no padding, "_" blanks, "0" zeros, "^" upper case. A directive it
// does not know stays as it is written.
func strftime(t time.Time, format string) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		start := i
		flag := byte(0)
		i++
		for i < len(format) && strings.IndexByte("-_0^", format[i]) >= 0 {
			flag = format[i]
			i++
		}
		if i >= len(format) {
			b.WriteString(format[start:])
			break
		}
		s, ok := directive(t, format[i], flag)
		if !ok {
			s = format[start : i+1]
		}
		b.WriteString(s)
	}
	return b.String()
}

func directive(t time.Time, verb, flag byte) (string, bool) {
	num := func(v, width int, pad byte) (string, bool) {
		switch flag {
		case '-':
			pad = 0
		case '_':
			pad = ' '
		case '0':
			pad = '0'
		}
		switch pad {
		case 0:
			return fmt.Sprint(v), true
		case ' ':
			return fmt.Sprintf("%*d", width, v), true
		}
		return fmt.Sprintf("%0*d", width, v), true
	}
	word := func(s string) (string, bool) {
		if flag == '^' {
			s = strings.ToUpper(s)
		}
		return s, true
	}
	hour12 := (t.Hour()+11)%12 + 1
	weekday := int(t.Weekday())
	year, week := t.ISOWeek()
	switch verb {
	case '%':
		return "%", true
	case 'n':
		return "\n", true
	case 't':
		return "\t", true
	case 'a':
		return word(t.Format("Mon"))
	case 'A':
		return word(t.Format("Monday"))
	case 'b', 'h':
		return word(t.Format("Jan"))
	case 'B':
		return word(t.Format("January"))
	case 'p':
		return word(t.Format("PM"))
	case 'P':
		return strings.ToLower(t.Format("PM")), true
	case 'Z':
		return word(t.Format("MST"))
	case 'z':
		return t.Format("-0700"), true
	case 'Y':
		return num(t.Year(), 1, '0')
	case 'C':
		return num(t.Year()/100, 2, '0')
	case 'y':
		return num(t.Year()%100, 2, '0')
	case 'G':
		return num(year, 1, '0')
	case 'g':
		return num(year%100, 2, '0')
	case 'm':
		return num(int(t.Month()), 2, '0')
	case 'd':
		return num(t.Day(), 2, '0')
	case 'e':
		return num(t.Day(), 2, ' ')
	case 'H':
		return num(t.Hour(), 2, '0')
	case 'k':
		return num(t.Hour(), 2, ' ')
	case 'I':
		return num(hour12, 2, '0')
	case 'l':
		return num(hour12, 2, ' ')
	case 'M':
		return num(t.Minute(), 2, '0')
	case 'S':
		return num(t.Second(), 2, '0')
	case 'f':
		return fmt.Sprintf("%06d", t.Nanosecond()/1000), true
	case 's':
		return fmt.Sprint(t.Unix()), true
	case 'j':
		return num(t.YearDay(), 3, '0')
	case 'u':
		return num((weekday+6)%7+1, 1, '0')
	case 'w':
		return num(weekday, 1, '0')
	case 'U':
		return num((t.YearDay()+6-weekday)/7, 2, '0')
	case 'W':
		return num((t.YearDay()+6-(weekday+6)%7)/7, 2, '0')
	case 'V':
		return num(week, 2, '0')
	case 'D', 'x':
		return t.Format("01/02/06"), true
	case 'F':
		return t.Format("2006-01-02"), true
	case 'R':
		return t.Format("15:04"), true
	case 'T', 'X':
		return t.Format("15:04:05"), true
	case 'r':
		return t.Format("03:04:05 PM"), true
	case 'c':
		return t.Format("Mon Jan _2 15:04:05 2006"), true
	}
	return "", false
}
