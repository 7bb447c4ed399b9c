//go:build !linux

package servers

import "errors"

// Pin needs Linux.
func Pin(int) error { return errors.New("only Linux can") }
