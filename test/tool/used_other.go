//go:build !unix

package tool

import (
	"errors"
	"time"
)

// Used needs Unix.
func Used() (processor time.Duration, memory int64, err error) {
	return 0, 0, errors.New("this system does not tell what a process has used")
}
