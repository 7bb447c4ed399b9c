//go:build !linux

package main

import "errors"

// limitDescriptors cannot do here what Linux does.
func limitDescriptors(int, uint64) error { return errors.New("needs Linux") }
