package publish

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// watchLog checks the ends of the log periodically. A publisher that only appends would not notice that
// retention, or an operator, removed records, which a gateway that starts then would miss. It returns when
// ctx ends or the log is no longer whole; resume decides how to repair it.
func (p *Publisher) watchLog(ctx context.Context) {
	tick := time.NewTicker(p.LogCheck)
	defer tick.Stop()
	p.outage.Works(partLog) // the term began with a check
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for partition := range p.wake {
			why, err := p.checkLog(ctx, partition)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				p.failed(partLog, err)
				break // the next check is soon enough
			}
			p.outage.Works(partLog)
			if why != "" {
				p.Log.Error("the log is no longer whole: "+why, zap.Int("partition", partition))
				return
			}
		}
	}
}

// checkLog returns what is wrong with a partition's log, or "".
func (p *Publisher) checkLog(ctx context.Context, partition int) (why string, err error) {
	p.mu.Lock()
	known := p.logs[partition] // read first: the log only grows meanwhile
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	first, end, err := p.ends(ctx, partition)
	switch {
	case err != nil:
		return "", err
	case end < known.end:
		return "it is shorter than before", nil
	case first <= known.head:
		return "", nil
	}
	// Number 1 is gone. That is normal once all records before the oldest batch have expired.
	_, lostBeginning, err := p.beginning(ctx, partition, first, end)
	if lostBeginning {
		why = "it lost its beginning"
	}
	return why, err
}
