package publish

import (
	"context"
	"fmt"

	"go.uber.org/zap"
)

// resume returns the epoch to publish in. The stream and the outbox must fit:
// the stream goes on exactly where the outbox stopped, give or take what waits.
// If the stream is ahead, the database was restored from a backup, and the
// numbers it would give are known to gateways already: they would ignore its
// records. If the stream is behind, or has lost its beginning, the topic was
// emptied, made again or forgets too early, and gateways that start now would
// never learn what it held. Either way the database says everything again in a
// new epoch.
func (p *Publisher) resume(ctx context.Context) (uint64, error) {
	epoch, err := p.Outbox.Epoch(ctx)
	if err != nil {
		return 0, err
	}
	newest, why := epoch, ""
	for partition := range p.Topic.Partitions {
		stream, err := p.survey(ctx, partition)
		if err != nil {
			return 0, fmt.Errorf("publish: reading the ends of partition %d: %w", partition, err)
		}
		p.mu.Lock()
		p.logs[partition] = stream.extent
		p.mu.Unlock()
		low, next, err := p.Outbox.Place(ctx, partition)
		if err != nil {
			return 0, err
		}
		newest = max(newest, stream.epoch)
		switch {
		case stream.epoch > epoch, stream.epoch == epoch && stream.next > next:
			why = "the stream is ahead of the database, as after restoring a backup"
		case low == 1:
			// Number 1 is still to be published, again or for the first time: from
			// there on the log will be whole, whatever it has lost.
		case stream.headless, stream.epoch < epoch, stream.next < low:
			why = "the stream has lost what was published, as after making the topic again or when it forgets too early"
		}
	}
	if why == "" {
		return epoch, nil
	}
	restated, err := p.Outbox.Republish(ctx, newest, p.Now().UnixMilli())
	if err != nil {
		return 0, err
	}
	p.Log.Warn("everything in force is published again in a new epoch", zap.String("why", why),
		zap.Uint64("epoch", restated), zap.Uint64("was", epoch))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Republications++
	return restated, nil
}
