//go:build !linux

package load

import (
	"errors"
	"time"
)

// Open needs Linux, because it uses epoll.
func Open(string, time.Duration, ...Stream) ([]Outcome, []time.Duration, error) {
	return nil, nil, errors.New("the open loop needs Linux")
}
