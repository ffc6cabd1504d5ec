package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// HomeVariable is the environment variable that names the data folder.
const HomeVariable = "FREEHOLD_HOME"

// ErrInUse says that another Freehold window or server works on the same data.
var ErrInUse = errors.New("another Freehold is open on the same data")

// DefaultHome is the folder for all of the user's data: $FREEHOLD_HOME, or
// freehold in the platform's data folder.
func DefaultHome() (string, error) {
	if home := os.Getenv(HomeVariable); home != "" {
		return filepath.Abs(home)
	}
	switch runtime.GOOS {
	case "windows", "darwin":
		dir := os.Getenv("LOCALAPPDATA") // models are too large for a roaming profile
		if runtime.GOOS == "darwin" || dir == "" {
			var err error
			if dir, err = os.UserConfigDir(); err != nil {
				return "", fmt.Errorf("find the data folder: %w; set %s", err, HomeVariable)
			}
		}
		return filepath.Join(dir, "Freehold"), nil
	}
	// A relative XDG_DATA_HOME is to be ignored, says the XDG specification.
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "freehold"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the data folder: %w; set %s", err, HomeVariable)
	}
	return filepath.Join(home, ".local", "share", "freehold"), nil
}

// makeHome creates the folder, readable by the user only.
func makeHome(home string) error {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w; set %s to a folder you may write to", err, HomeVariable)
	}
	probe, err := os.CreateTemp(home, ".write-*")
	if err != nil {
		return fmt.Errorf("the data folder cannot be written to: %w; set %s to another one", err, HomeVariable)
	}
	probe.Close()
	return os.Remove(probe.Name())
}
