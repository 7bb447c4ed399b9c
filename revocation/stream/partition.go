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

// cursor is the reading of one partition, owned by its goroutine.
type cursor struct {
	partition int
	position  int64 // next offset to read; -1: not known yet
	maxBytes  int64
	watchdog  watchdog

	rereading bool
	until     int64     // target offset: ends the re-reading
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
			continue // another partition replaced the link, which ended this call
		}
		f.countError(err)
		if c.watchdog.failed() {
			f.renew(partition, link, whyFailing)
		}
		f.outage.Failed(part, fmt.Errorf("offset %d: %w", c.position, err))
		if !sleep(ctx, wait) {
			return
		}
		wait = min(2*wait, maxBackoff)
	}
}

// step makes one call to the broker and applies its answer.
func (f *Follower) step(ctx context.Context, link Link, c *cursor) error {
	if c.position < 0 {
		return f.startReading(ctx, c)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	asked := f.now().UnixMilli()
	r, err := link.Fetch(ctx, &kafkago.FetchRequest{
		Topic: f.topic, Partition: c.partition, Offset: c.position,
		MinBytes: 1, MaxBytes: c.maxBytes, MaxWait: MaxWait,
	})
	if err != nil {
		return err
	}
	outside := r.HighWatermark < c.position || r.LogStartOffset > c.position
	if errors.Is(r.Error, kafkago.OffsetOutOfRange) || r.Error == nil && outside {
		return f.checkBounds(ctx, c, r)
	}
	if r.Error != nil {
		return r.Error
	}
	return f.applyResponse(ctx, link, c, r, asked)
}

// checkBounds asks for the log's bounds when a response says that the position is outside them. A new leader
// may name an end that is slightly before messages that the old leader delivered. It catches up within its
// first exchange with its followers, so reading a week's log again for that would be wrong.
func (f *Follower) checkBounds(ctx context.Context, c *cursor, r *kafkago.FetchResponse) error {
	first, end, err := f.bounds(ctx, c.partition)
	switch {
	case err != nil:
		return err
	case first <= c.position && c.position <= end:
		f.count(func(s *Stats) { s.Lagging++ })
		sleep(ctx, minBackoff)
		return r.Error
	}
	why := fmt.Sprintf("the log reaches from %d to %d, reading was at %d", first, end, c.position)
	if f.window != nil {
		return f.startOver(c, why)
	}
	return f.reread(ctx, c, why)
}

// startReading finds the first offset to read: of a window, that of its first moment; otherwise the resume
// offset of a snapshot, or the log's start. A log that does not contain the resume offset was trimmed or
// recreated.
func (f *Follower) startReading(ctx context.Context, c *cursor) error {
	first, end, err := f.bounds(ctx, c.partition)
	if err != nil {
		return err
	}
	f.replica.SetTargetOffset(c.partition, end)
	if f.window != nil {
		return f.startAtTime(ctx, c, end)
	}
	resume, ok := f.numbered.ResumeOffset(c.partition)
	switch {
	case !ok:
		c.position = first
	case resume < first || resume > end:
		return f.reread(ctx, c, fmt.Sprintf("the log reaches from %d to %d, the snapshot was at %d", first, end, resume))
	default:
		c.position = resume
	}
	f.replica.SetPosition(c.partition, c.position)
	return nil
}

// applyResponse applies the response to a fetch of the time asked, Unix ms, and moves the cursor.
func (f *Follower) applyResponse(ctx context.Context, link Link, c *cursor, r *kafkago.FetchResponse, asked int64) error {
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
	apply() // also the messages that precede an error
	f.checkClock()
	if next > r.HighWatermark && err == nil {
		// A batch's checksum does not cover its offsets. Accepting this one would skip the messages before
		// it.
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
	f.storeProgress(c, r)
	if err != nil {
		return err
	}
	if f.window != nil && next >= r.HighWatermark {
		f.window.Reached(c.partition, asked)
	}
	if c.watchdog.answered(moved, time.Now()) {
		f.renew(c.partition, link, whyStuck)
	}
	return f.rereadIfSuspect(ctx, c, trusted)
}

// stepHole handles a response without messages at or after the position although the log continues. A decoded
// batch that begins at or before the position proves that compaction or a marker left a hole there: the
// position moves by one offset. If nothing decoded, the batch may be larger than the fetch, so the next fetch
// is larger and the position stays.
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
