package desktop

import (
	"reflect"
	"testing"
)

func TestMenuSpeaksTheLanguageOfTheInterface(t *testing.T) {
	for tag, w := range inLanguage {
		for i, v := 0, reflect.ValueOf(w); i < v.NumField(); i++ {
			if v.Field(i).String() == "" {
				t.Errorf("%s has no word for %s", tag, v.Type().Field(i).Name)
			}
		}
		if tag != "en" && (w.file == inLanguage["en"].file || w.quit == inLanguage["en"].quit) {
			t.Errorf("%s speaks English", tag)
		}
	}
	for _, c := range []struct {
		tags []string
		want string
	}{
		{[]string{"de"}, "Datei"}, {[]string{"", "ko_KR.UTF-8"}, "파일"}, {[]string{"zh-Hans"}, "文件"}, {[]string{"fr_FR", "es"}, "Archivo"},
		{[]string{"", "C", "POSIX", "C.UTF-8"}, "File"}, {nil, "File"}, {[]string{"-", "_", "."}, "File"},
	} {
		if got := wordsFor(c.tags...).file; got != c.want {
			t.Errorf("%q: %q, want %q", c.tags, got, c.want)
		}
	}
}
