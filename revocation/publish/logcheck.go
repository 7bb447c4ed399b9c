package publish

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// watch looks at the log's ends from time to time. A publisher that only appends
// would not notice that retention, or somebody's hand, takes away what it wrote,
// and a gateway that starts then lacks it. It returns when ctx ends or the log is
// not whole any more; what to do about that, resume decides.
func (p *Publisher) watch(ctx context.Context) {
	tick := time.NewTicker(p.LogCheck)
	defer tick.Stop()
	p.outage.Works(partLog) // the term began with a look
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for partition := range p.wake {
			why, err := p.look(ctx, partition)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				p.failed(partLog, err)
				break // the next look is soon enough
			}
			p.outage.Works(partLog)
			if why != "" {
				p.Log.Error("the log is not whole any more: "+why, zap.Int("partition", partition))
				return
			}
		}
	}
}

// look says what is wrong with a partition's log; "" if nothing is.
func (p *Publisher) look(ctx context.Context, partition int) (why string, err error) {
	p.mu.Lock()
	known := p.logs[partition] // asked for first: the log only grows meanwhile
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	first, end, err := p.ends(ctx, partition)
	switch {
	case err != nil:
		return "", err
	case end < known.end:
		return "it is shorter than it was", nil
	case first <= known.head:
		return "", nil
	}
	// Number 1 is gone. That is as it should be once all that was said before the
	// oldest batch concerns nobody any more.
	_, headless, err := p.beginning(ctx, partition, first, end)
	if headless {
		why = "it lost its beginning"
	}
	return why, err
}
