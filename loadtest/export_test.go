package loadtest

import (
	"context"
	"io"
	"sync"
	"time"
)

// RunHeldUp is Run on a machine that lets nothing be sent for so long, again and again.
func RunHeldUp(ctx context.Context, c Config, progress io.Writer, pause time.Duration) (*Result, error) {
	r, revocation, err := setUp(ctx, &c, progress)
	if err != nil {
		return nil, err
	}
	var held sync.Mutex
	r.next = func() (Arrival, bool) {
		held.Lock()
		defer held.Unlock()
		return r.schedule.Next()
	}
	holding, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		for holding.Err() == nil {
			held.Lock()
			time.Sleep(pause)
			held.Unlock()
			time.Sleep(pause / 10)
		}
	}()
	r.run(ctx, progress)
	return r.result(ctx.Err() != nil, revocation), nil
}
