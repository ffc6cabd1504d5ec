package main

import "errors"

func convert(from, pre, out string) error { return errors.New("TBD") }
