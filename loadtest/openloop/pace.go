package openloop

import (
	"context"
	"time"
)

// longestNap bounds one sleep, so that an interrupted run ends soon even
// between rare arrivals.
const longestNap = 50 * time.Millisecond

// until sleeps until due; false if the run was interrupted first.
func (p *pacer) until(ctx context.Context, due time.Time) bool {
	for {
		left := time.Until(due)
		if ctx.Err() != nil {
			return false
		}
		if left <= 0 {
			return true
		}
		p.nap(min(left, longestNap))
	}
}
