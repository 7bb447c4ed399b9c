//go:build !linux

package openloop

import "time"

// pacer sleeps with the precision of time.Sleep.
type pacer struct{}

func newPacer() *pacer { return &pacer{} }

func (*pacer) close() {}

func (*pacer) sleep(d time.Duration) { time.Sleep(d) }
