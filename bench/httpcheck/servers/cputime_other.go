//go:build !unix

package servers

import (
	"errors"
	"time"
)

func used() (cpu time.Duration, maxRSS int64, err error) {
	return 0, 0, errors.New("this system does not tell the processor time of a server")
}
