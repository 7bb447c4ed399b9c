//go:build !linux && !darwin

package keystore

import "os"

// tryLock locks nothing here: run one command at a time.
func tryLock(*os.File, bool) error { return nil }
