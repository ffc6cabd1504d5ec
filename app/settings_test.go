package app_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"freehold/app"
	"freehold/app/enginetest"
)

func TestNetworkSettings(t *testing.T) {
	c := open(t, app.Options{})
	notPEM := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(notPEM, []byte("no"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]struct {
		set  func(*app.Settings)
		want string // of the error; "" if it is kept
	}{
		"all well": {func(s *app.Settings) {
			s.ParallelDownloads, s.BandwidthLimit, s.Proxy, s.HFEndpoint = 8, 1<<20, "socks5://u:p@host:1080", "https://mirror.example/"
		}, ""},
		"many at once":      {func(s *app.Settings) { s.ParallelDownloads = 9 }, "1 to 8"},
		"less than none":    {func(s *app.Settings) { s.ParallelDownloads = -1 }, "1 to 8"},
		"slow":              {func(s *app.Settings) { s.BandwidthLimit = 1 }, "at least"},
		"negative":          {func(s *app.Settings) { s.BandwidthLimit = -1 }, "at least"},
		"proxy's kind":      {func(s *app.Settings) { s.Proxy = "ftp://host" }, "ftp://"},
		"proxy's host":      {func(s *app.Settings) { s.Proxy = "http://" }, "proxy"},
		"proxy's shape":     {func(s *app.Settings) { s.Proxy = "ht tp:x" }, "proxy"},
		"mirror with query": {func(s *app.Settings) { s.HFEndpoint = "https://host/?a=b" }, "mirror"},
		"mirror's kind":     {func(s *app.Settings) { s.HFEndpoint = "file:///etc" }, "mirror"},
		"long":              {func(s *app.Settings) { s.HFEndpoint = "https://" + strings.Repeat("x", 3000) }, "longer"},
		"no file":           {func(s *app.Settings) { s.CAFile = filepath.Join(t.TempDir(), "none") }, "cannot be used"},
		"no certificate":    {func(s *app.Settings) { s.CAFile = notPEM }, "no certificate"},
		"relative":          {func(s *app.Settings) { s.CAFile = "ca.pem" }, "whole path"},
		"token with spaces": {func(s *app.Settings) { s.HFToken = "hf_ab cdefgh" }, "token"},
		"short token":       {func(s *app.Settings) { s.HFToken = "set" }, "token"},
	} {
		s := c.Settings()
		change.set(&s)
		kept, err := c.SaveSettings(t.Context(), s)
		if change.want == "" {
			if err != nil || kept.HFEndpoint != "https://mirror.example" {
				t.Errorf("%s: %v, %+v", name, err, kept)
			}
		} else if err == nil || !strings.Contains(err.Error(), change.want) {
			t.Errorf("%s: %v, want %q in it", name, err, change.want)
		}
	}
}

func TestProxyWithoutScheme(t *testing.T) {
	c := open(t, app.Options{})
	s := c.Settings()
	s.Proxy, s.ParallelDownloads = " proxy.example:3128 ", 0
	kept, err := c.SaveSettings(t.Context(), s)
	if err != nil || kept.Proxy != "http://proxy.example:3128" || kept.ParallelDownloads != 2 {
		t.Errorf("%+v %v", kept, err)
	}
}

// TestTheTokenStaysInItsFile: it is readable by the user only, and neither in
// the database nor in anything that is told.
func TestTheTokenStaysInItsFile(t *testing.T) {
	const token = "hf_secretsecret"
	home := t.TempDir()
	events := &recorder{}
	c, err := app.Open(t.Context(), app.Options{Home: home, Engine: &enginetest.Engine{}, Emitter: events})
	if err != nil {
		t.Fatal(err)
	}
	save := func(c *app.Core, given, want string) {
		t.Helper()
		s := c.Settings()
		s.HFToken = given
		if kept, err := c.SaveSettings(t.Context(), s); err != nil || kept.HFToken != want || c.Settings().HFToken != want {
			t.Errorf("%q was kept as %q (%v)", given, kept.HFToken, err)
		}
	}
	save(c, token+"\n", "set")
	save(c, "set", "set") // as it was read
	must(t, c.Close())

	path := filepath.Join(home, "huggingface-token")
	if b, err := os.ReadFile(path); err != nil || strings.TrimSpace(string(b)) != token {
		t.Errorf("%q %v", b, err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	others, err := filepath.Glob(filepath.Join(home, "*.db*"))
	if err != nil || len(others) == 0 {
		t.Fatal(others, err)
	}
	for _, f := range others {
		if b, err := os.ReadFile(f); err != nil || strings.Contains(string(b), "secretsecret") {
			t.Errorf("the token stands in %s (%v)", f, err)
		}
	}
	if b, err := json.Marshal(events.events); err != nil || strings.Contains(string(b), "secretsecret") {
		t.Errorf("the token was told: %s %v", b, err)
	}
	c = open(t, app.Options{Home: home})
	if got := c.Settings().HFToken; got != "set" {
		t.Errorf("after a restart %q", got)
	}
	save(c, "", "")
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the token was not removed: %v", err)
	}
}
