package loadtest

import (
	"context"
	"io"
	"sync"
	"time"
)

// RunWithPauses is Run on a machine that repeatedly prevents sending for the given time.
func RunWithPauses(ctx context.Context, c Config, progress io.Writer, pause time.Duration) (*Result, error) {
	r, revocation, err := setUp(ctx, &c, progress)
	if err != nil {
		return nil, err
	}
	var blocked sync.Mutex
	r.next = func() (Arrival, bool) {
		blocked.Lock()
		defer blocked.Unlock()
		return r.schedule.Next()
	}
	blocking, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		for blocking.Err() == nil {
			blocked.Lock()
			time.Sleep(pause)
			blocked.Unlock()
			time.Sleep(pause / 10)
		}
	}()
	r.run(ctx, progress)
	return r.result(ctx.Err() != nil, revocation), nil
}
