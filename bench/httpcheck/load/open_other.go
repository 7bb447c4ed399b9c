//go:build !linux

package load

import (
	"errors"
	"time"
)

// Open needs Linux: it waits on sockets in a way of its own.
func Open(string, time.Duration, ...Stream) ([]Outcome, []time.Duration, error) {
	return nil, nil, errors.New("the open loop needs Linux")
}
