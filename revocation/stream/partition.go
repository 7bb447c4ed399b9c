package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
)

// cursor is one partition's reading, owned by its goroutine.
type cursor struct {
	partition int
	position  int64 // next offset to read; -1: not known yet
	maxBytes  int64
	watch     watch

	rereading bool
	until     int64     // offset that ends the re-reading
	lastTry   time.Time // when the last re-reading began
}

// follow reads one partition until ctx ends; errors only slow it down.
func (f *Follower) follow(ctx context.Context, partition int) {
	c := &cursor{partition: partition, position: -1, maxBytes: fetchBytes}
	part := fmt.Sprintf("partition %d", partition)
	wait := minBackoff
	for ctx.Err() == nil {
		link := f.link()
		err := f.step(ctx, link, c)
		if err == nil {
			f.outage.Works(part)
			wait = minBackoff
			continue
		}
		if ctx.Err() != nil {
			return
		}
		if f.link() != link {
			continue // another partition gave the link up, and this call with it
		}
		f.countError(err)
		if c.watch.failed() {
			f.renew(partition, link, whyFailing)
		}
		f.outage.Failed(part, fmt.Errorf("offset %d: %w", c.position, err))
		if !sleep(ctx, wait) {
			return
		}
		wait = min(2*wait, maxBackoff)
	}
}

// step makes one call to the broker and takes in what it brought.
func (f *Follower) step(ctx context.Context, link Link, c *cursor) error {
	if c.position < 0 {
		return f.begin(ctx, c)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	r, err := link.Fetch(ctx, &kafkago.FetchRequest{
		Topic: f.topic, Partition: c.partition, Offset: c.position,
		MinBytes: 1, MaxBytes: c.maxBytes, MaxWait: MaxWait,
	})
	if err != nil {
		return err
	}
	outside := r.HighWatermark < c.position || r.LogStartOffset > c.position
	if errors.Is(r.Error, kafkago.OffsetOutOfRange) || r.Error == nil && outside {
		return f.doubt(ctx, c, r)
	}
	if r.Error != nil {
		return r.Error
	}
	return f.take(ctx, link, c, r)
}

// doubt asks where the log begins and ends when a response says that the
// position is not in it. A new leader may name an end that is a little behind
// what the old one delivered; it catches up within its first exchange with its
// followers, and to read a week's log again for that would be wrong.
func (f *Follower) doubt(ctx context.Context, c *cursor, r *kafkago.FetchResponse) error {
	first, end, err := f.bounds(ctx, c.partition)
	switch {
	case err != nil:
		return err
	case first <= c.position && c.position <= end:
		f.count(func(s *Stats) { s.Lagging++ })
		sleep(ctx, minBackoff)
		return r.Error
	}
	return f.reread(ctx, c, fmt.Sprintf("the log reaches from %d to %d, reading was at %d", first, end, c.position))
}

// begin finds where to read from: where a snapshot left off, or the log's
// start. A log that does not reach that place was trimmed or made again.
func (f *Follower) begin(ctx context.Context, c *cursor) error {
	first, end, err := f.bounds(ctx, c.partition)
	if err != nil {
		return err
	}
	f.replica.SetTargetOffset(c.partition, end)
	kept, ok := f.replica.ResumeOffset(c.partition)
	switch {
	case !ok:
		c.position = first
	case kept < first || kept > end:
		return f.reread(ctx, c, fmt.Sprintf("the log reaches from %d to %d, the snapshot was at %d", first, end, kept))
	default:
		c.position = kept
	}
	f.replica.SetPosition(c.partition, c.position)
	return nil
}

// take applies a response and moves the cursor.
func (f *Follower) take(ctx context.Context, link Link, c *cursor, r *kafkago.FetchResponse) error {
	now := f.now().UnixMilli()
	waiting := make([][]byte, 0, revocation.VerifyChunk)
	apply := func() {
		f.replica.ApplyAll(c.partition, waiting, now)
		waiting = waiting[:0]
	}
	next, lowest, err := kafka.Walk(r.Records, c.position, revocation.MaxBatch, func(_ int64, value []byte) {
		if waiting = append(waiting, value); len(waiting) == cap(waiting) {
			apply()
		}
	})
	apply() // what was read before an error, too
	f.checkClock()
	if next > r.HighWatermark && err == nil {
		// Offsets are not covered by a batch's checksum: to believe this one would
		// skip whatever comes before it.
		return fmt.Errorf("stream: a batch reaches offset %d, the log ends at %d", next, r.HighWatermark)
	}
	if next == c.position && next < r.HighWatermark && err == nil {
		next = f.stepHole(c, lowest)
	} else if next > c.position {
		c.maxBytes = fetchBytes
	}
	moved := next > c.position || next >= r.HighWatermark
	c.position = next
	trusted := f.replica.SetPosition(c.partition, next)
	f.progress(c, r)
	if err != nil {
		return err
	}
	if c.watch.answered(moved, time.Now()) {
		f.renew(c.partition, link, whyStuck)
	}
	return f.mend(ctx, c, trusted)
}

// stepHole handles a response that held nothing at or after the position though
// the log goes on. A decoded batch that begins at or before the position proves
// that compaction or a marker left a hole here: step through it, one offset a
// time. If nothing decoded at all the batch may just be larger than was asked
// for; ask for more, and never step over what was not seen.
func (f *Follower) stepHole(c *cursor, lowest int64) int64 {
	if lowest >= 0 && lowest <= c.position {
		f.count(func(s *Stats) { s.Holes++ })
		return c.position + 1
	}
	if c.maxBytes < maxFetchBytes {
		c.maxBytes *= 2
	} else {
		f.count(func(s *Stats) { s.Undecodable++ })
	}
	return c.position
}
