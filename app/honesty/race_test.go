//go:build race

package honesty

func init() { watched = true }
