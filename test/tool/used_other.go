//go:build !unix

package tool

import (
	"errors"
	"time"
)

// Used needs Unix.
func Used() (processor time.Duration, memory int64, err error) {
	return 0, 0, errors.New("the resource usage of a process is not available on this system")
}
