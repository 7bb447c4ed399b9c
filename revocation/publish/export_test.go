package publish

import "context"

// Round is one round of a partition, for tests that control the events between its steps.
func (p *Publisher) Round(ctx context.Context, partition int, epoch uint64, done *uint64, heartbeatDue bool) (sent, drained bool, err error) {
	return p.round(ctx, partition, epoch, done, heartbeatDue)
}
