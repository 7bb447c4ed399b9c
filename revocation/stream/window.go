package stream

import (
	"context"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

// Window is a [Replica] of the messages since a moment. Its log has no numbers, so nothing is missing in it
// but what the broker removed: if the log was trimmed or recreated, reading starts over at that moment.
// SetPosition must return true.
type Window interface {
	Replica
	// From returns the date from which messages matter, Unix ms. Dates are those of the messages in Kafka,
	// which their writers set.
	From(now int64) int64
	// Reached tells that every message in the partition's log at the moment asked, Unix ms, was applied.
	Reached(partition int, asked int64)
	// StartOver tells that messages may be missing until the position reaches a new target offset.
	StartOver(partition int)
	// Retention returns how long the topic must keep messages.
	Retention() time.Duration
}

// NewWindow prepares a follower of a topic whose messages matter for a limited time. The arguments are those
// of [New].
func NewWindow(open func() (Link, error), topic string, window Window, now func() time.Time, log *zap.Logger) *Follower {
	f := newFollower(open, topic, window, now, log)
	f.window = window
	return f
}

// startAtTime begins at the first message of the window. end is the log's end as it was before.
func (f *Follower) startAtTime(ctx context.Context, c *cursor, end int64) error {
	from := f.window.From(f.now().UnixMilli())
	offset, err := f.offsetAt(ctx, c.partition, time.UnixMilli(from))
	if err != nil {
		return err
	}
	if offset < 0 { // all messages that were there are older
		offset = end
	}
	c.position = offset
	f.window.SetPosition(c.partition, offset)
	return nil
}

// offsetAt returns the offset of the first message of a partition whose date is at or after a time; -1: none.
func (f *Follower) offsetAt(ctx context.Context, partition int, at time.Time) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	r, err := f.link().ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{
		f.topic: {kafkago.TimeOffsetOf(partition, at)},
	}})
	if err != nil {
		return 0, err
	}
	for _, p := range r.Topics[f.topic] {
		if p.Partition != partition {
			continue
		}
		for offset := range p.Offsets {
			return offset, p.Error
		}
		return -1, p.Error
	}
	return 0, fmt.Errorf("stream: the broker did not answer for partition %d", partition)
}

// startOver begins again at the window's first moment, for a log that was trimmed or recreated.
func (f *Follower) startOver(c *cursor, why string) error {
	f.window.StartOver(c.partition)
	c.position = -1
	f.count(func(s *Stats) { s.Restarts++ })
	f.log.Warn("the log is not the one that was read before; reading its last window again", zap.Int("partition", c.partition), zap.String("why", why))
	return nil
}
