//go:build !unix

package stores_test

import "errors"

func pipe(string) error { return errors.ErrUnsupported }
