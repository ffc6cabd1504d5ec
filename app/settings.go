package app

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"freehold/app/chat"
)

const (
	settingsKey = "settings"

	maxThreads     = 1024
	leastContext   = 256
	maxContext     = 16 << 20
	maxSystemBytes = 1 << 20

	maxParallel    = 8
	leastBandwidth = 10_000 // bytes per second: below, servers cut the line
	maxAddress     = 2000   // bytes
	tokenSet       = "set"  // what a token reads back as
)

var languageTag = regexp.MustCompile(`^([a-z]{2,3}(-[A-Za-z]{2,4})?)?$`)

func defaultSettings() Settings {
	return Settings{Theme: "system", NetworkAllowed: true, Snapshots: true, Sampling: chat.DefaultSampling(), Notifications: true, AutoTitles: true, AdoptOthers: true, ParallelDownloads: 2}
}

// checked returns s ready for use, or says what is wrong with it.
func (s Settings) checked() (Settings, error) {
	switch s.Theme {
	case "system", "light", "dark":
	default:
		return s, fmt.Errorf("the theme can be system, light or dark, not %q", s.Theme)
	}
	if !languageTag.MatchString(s.Language) {
		return s, fmt.Errorf("%q is no language; give a tag like de, or nothing for the system's", s.Language)
	}
	if s.Zoom != 0 && (s.Zoom < 50 || s.Zoom > 300) {
		return s, fmt.Errorf("a size of %d percent is not possible; it can be 50 to 300", s.Zoom)
	}
	if s.Threads < 0 || s.Threads > maxThreads {
		return s, fmt.Errorf("%d threads are not possible; 0 lets Freehold choose", s.Threads)
	}
	if s.ContextLength != 0 && (s.ContextLength < leastContext || s.ContextLength > maxContext) {
		return s, fmt.Errorf("a context of %d tokens is not possible; it must be from %d to %d, or 0 to let Freehold choose", s.ContextLength, leastContext, maxContext)
	}
	if len(s.System) > maxSystemBytes {
		return s, fmt.Errorf("the system prompt is longer than %d bytes", maxSystemBytes)
	}
	if s.ParallelDownloads == 0 {
		s.ParallelDownloads = defaultSettings().ParallelDownloads
	}
	if s.ParallelDownloads < 1 || s.ParallelDownloads > maxParallel {
		return s, fmt.Errorf("%d downloads at once are not possible; it can be 1 to %d", s.ParallelDownloads, maxParallel)
	}
	if s.BandwidthLimit != 0 && (s.BandwidthLimit < leastBandwidth || s.BandwidthLimit > 1<<50) {
		return s, fmt.Errorf("downloads cannot be limited to %d bytes per second; it must be at least %d, or 0 for no limit", s.BandwidthLimit, leastBandwidth)
	}
	var err error
	if s.Proxy, err = checkedAddress(s.Proxy, "http", "https", "socks5", "socks5h"); err != nil {
		return s, fmt.Errorf("the proxy: %w", err)
	}
	if s.HFEndpoint, err = checkedAddress(s.HFEndpoint, "https", "http"); err != nil {
		return s, fmt.Errorf("the mirror of Hugging Face: %w", err)
	}
	if s.CAFile = strings.TrimSpace(s.CAFile); s.CAFile != "" && !filepath.IsAbs(s.CAFile) {
		return s, fmt.Errorf("the file of certificate authorities must be given with its whole path, not as %q", s.CAFile)
	}
	s.Sampling, err = s.Sampling.Checked()
	return s, err
}

// checkedAddress returns the address of a server, which may be "".
func checkedAddress(address string, schemes ...string) (string, error) {
	address = strings.TrimSpace(address)
	if address == "" {
		return "", nil
	}
	if len(address) > maxAddress {
		return "", fmt.Errorf("the address is longer than %d bytes", maxAddress)
	}
	if !strings.Contains(address, "://") {
		address = schemes[0] + "://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("this is not the address of a server; write it like " + schemes[0] + "://host:1234")
	}
	if !slices.Contains(schemes, u.Scheme) {
		return "", fmt.Errorf("an address that begins with %s:// is not possible, one with %s:// is", u.Scheme, schemes[0])
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// checkAuthorities looks whether the file holds what it should.
func checkAuthorities(path string) error {
	if path == "" {
		return nil
	}
	info, err := os.Stat(path)
	if err == nil && (info.IsDir() || info.Size() > 16<<20) {
		err = errors.New("it is no file of certificates")
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(path)
	}
	if err == nil && !x509.NewCertPool().AppendCertsFromPEM(text) {
		err = errors.New("it holds no certificate; give a PEM file, with BEGIN CERTIFICATE in it")
	}
	if err != nil {
		return fmt.Errorf("the file of certificate authorities %s cannot be used: %w", path, err)
	}
	return nil
}

// Settings are the user's present choices.
func (c *Core) Settings() Settings { return *c.settings.Load() }

func (c *Core) readSettings(ctx context.Context) error {
	s := defaultSettings()
	if err := c.store.Setting(ctx, settingsKey, &s); err != nil {
		return err
	}
	s, err := s.checked()
	if err != nil { // by a hand in the database; the user must not be locked out
		c.log.Warn("settings are out of range, using the default ones", "error", err)
		s = defaultSettings()
	}
	token, err := c.readToken()
	if err != nil {
		c.log.Warn("the access token for Hugging Face cannot be read", "error", err)
	}
	if s.HFToken = ""; token != "" {
		s.HFToken = tokenSet
	}
	c.token.Store(&token)
	c.settings.Store(&s)
	return nil
}

// rereadSettings takes over what another process has saved.
func (c *Core) rereadSettings() {
	c.settingsTurn.Lock()
	defer c.settingsTurn.Unlock()
	before := c.Settings()
	if err := c.readSettings(context.Background()); err != nil {
		c.log.Warn("settings not read again", "error", err)
		return
	}
	if now := c.Settings(); !reflect.DeepEqual(before, now) {
		go c.followSettings(before, now) // whoever asks for the switch may hold a lock
	}
}

// followSettings lets what goes on in the background obey new settings.
func (c *Core) followSettings(before, now Settings) {
	if before.NetworkAllowed && !now.NetworkAllowed {
		c.gate.Cut()
	}
	c.downloads.follow()
	if now.AdoptOthers && !before.AdoptOthers {
		c.adoptSoon()
	}
	c.emit("settings", now)
}

// SaveSettings checks and keeps the user's choices.
func (c *Core) SaveSettings(ctx context.Context, s Settings) (Settings, error) {
	s, err := s.checked()
	if err != nil {
		return Settings{}, err
	}
	c.settingsTurn.Lock()
	defer c.settingsTurn.Unlock()
	before := c.Settings()
	if s.CAFile != before.CAFile {
		if err := checkAuthorities(s.CAFile); err != nil {
			return Settings{}, err
		}
	}
	if s.HFToken, err = c.keepToken(s.HFToken, before.HFToken); err != nil {
		return Settings{}, err
	}
	kept := s
	kept.HFToken = "" // it has a file of its own
	if err := c.store.SaveSetting(ctx, settingsKey, kept); err != nil {
		return Settings{}, err
	}
	c.settings.Store(&s)
	if err := c.keepSnapshots(s.Snapshots); err != nil {
		return Settings{}, fmt.Errorf("snapshots are switched off, but some could not be removed: %w", err)
	}
	c.followSettings(before, s)
	return s, nil
}

// The token is kept in a file that only the user can read, apart from the
// database and its backups, and never shown or logged.

func (c *Core) tokenPath() string { return filepath.Join(c.home, "huggingface-token") }

func (c *Core) readToken() (string, error) {
	f, err := os.Open(c.tokenPath())
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxAddress))
	return strings.TrimSpace(string(b)), err
}

// keepToken writes or removes the token and returns what it reads back as.
func (c *Core) keepToken(given, before string) (string, error) {
	given = strings.TrimSpace(given)
	switch {
	case given == tokenSet && before == tokenSet, given == before:
		return before, nil
	case given == "":
		if err := os.Remove(c.tokenPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("remove the access token: %w", err)
		}
		c.token.Store(new(string))
		return "", nil
	}
	if len(given) < 8 || len(given) > 500 || strings.ContainsFunc(given, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errors.New("this is no access token of Hugging Face; it begins with hf_ and has no spaces")
	}
	f, err := os.CreateTemp(c.home, ".token-*") // readable by the user only
	if err == nil {
		defer os.Remove(f.Name())
		_, err = f.WriteString(given + "\n")
		err = errors.Join(err, f.Close())
	}
	if err == nil {
		err = os.Rename(f.Name(), c.tokenPath())
	}
	if err != nil {
		return "", fmt.Errorf("keep the access token: %w", err)
	}
	c.token.Store(&given)
	return tokenSet, nil
}

// Remember keeps a face's own state, such as its window's size, under key.
func (c *Core) Remember(ctx context.Context, key string, v any) error {
	return c.store.SaveSetting(ctx, "face."+key, v)
}

// Recall reads what Remember kept into v; if there is nothing, v stays as it is.
func (c *Core) Recall(ctx context.Context, key string, v any) error {
	return c.store.Setting(ctx, "face."+key, v)
}
