//go:build !unix

package loadtest

import "time"

// processorTime is not known here, so that Limits.Processor is never exceeded.
func processorTime() time.Duration { return 0 }
