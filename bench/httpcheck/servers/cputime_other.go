//go:build !unix

package servers

import (
	"errors"
	"time"
)

func cpuTime() (time.Duration, error) {
	return 0, errors.New("this system does not tell the processor time of a server")
}
