//go:build !linux

package openloop

import "time"

// pacer sleeps as well as the system lets it.
type pacer struct{}

func newPacer() *pacer { return &pacer{} }

func (*pacer) close() {}

func (*pacer) sleep(d time.Duration) { time.Sleep(d) }
