//go:build !linux && !darwin && !windows

package hardware

func systemSources() []source { return nil }
