package desktop

import "strings"

// words are what the menu and its dialogue say.
type words struct{ file, open, quit, view, fullScreen string }

var inLanguage = map[string]words{
	"en": {"File", "Open…", "Quit", "View", "Full screen"},
	"de": {"Datei", "Öffnen …", "Beenden", "Ansicht", "Vollbild"},
	"es": {"Archivo", "Abrir…", "Salir", "Ver", "Pantalla completa"},
	"ko": {"파일", "열기…", "종료", "보기", "전체 화면"},
	"zh": {"文件", "打开…", "退出", "视图", "全屏"},
}

// wordsFor answers with the words of the first language that there is among
// tags such as de, zh-Hans or ko_KR.UTF-8; English if there is none.
func wordsFor(tags ...string) words {
	for _, tag := range tags {
		primary := strings.ToLower(tag)
		if i := strings.IndexAny(primary, "-_."); i >= 0 {
			primary = primary[:i]
		}
		if w, ok := inLanguage[primary]; ok {
			return w
		}
	}
	return inLanguage["en"]
}
