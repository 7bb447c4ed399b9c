package stream

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// rereadEvery is the time between re-readings of a log that keeps contradicting itself.
const rereadEvery = 10 * time.Second

// rereadIfSuspect starts a re-reading of a partition that is not trusted. If the log is still not whole after
// that, the re-reading is repeated from time to time: a broker's copy that returns late may heal it, and so
// does republishing by the issuer.
func (f *Follower) rereadIfSuspect(ctx context.Context, c *cursor, trusted bool) error {
	switch {
	case c.rereading && c.position < c.until:
		return nil
	case trusted && c.rereading:
		c.rereading = false
		f.log.Info("the topic is whole again", zap.Int("partition", c.partition))
		return nil
	case trusted || time.Since(c.lastTry) < rereadEvery:
		return nil
	}
	return f.reread(ctx, c, "")
}

// reread starts over from the log's first offset and keeps all records applied before. why is empty if the
// replica knows the reason.
func (f *Follower) reread(ctx context.Context, c *cursor, why string) error {
	first, end, err := f.bounds(ctx, c.partition)
	if err != nil {
		return err
	}
	why = f.numbered.Rewind(c.partition, end, why)
	f.log.Error("the topic contradicts what was read before; reading it again",
		zap.Int("partition", c.partition), zap.String("why", why),
		zap.Int64("from", first), zap.Int64("to", end))
	c.position, c.until, c.rereading, c.lastTry = first, end, true, time.Now()
	return f.rereadIfSuspect(ctx, c, f.replica.SetPosition(c.partition, first))
}
