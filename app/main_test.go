package app_test

import (
	"os"
	"testing"

	"freehold/app/document/parse"
)

// TestMain lets the test's binary be a worker that reads files.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == parse.WorkerVerb {
		os.Exit(parse.Worker(os.Stdin, os.Stdout, os.Args[2], len(os.Args) > 3))
	}
	os.Exit(m.Run())
}
