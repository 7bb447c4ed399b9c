package exchange

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation/kafka"
)

// Link is the part of a *[kafka.Link] that a writer uses.
type Link interface {
	Produce(context.Context, *kafkago.ProduceRequest) (*kafkago.ProduceResponse, error)
	Close()
}

// Writer tells the other gateways this gateway's passages. It implements [passage.Recorder].
type Writer struct {
	c         Config
	open      func() (Link, error)
	session   int64 // start of the process, Unix ms
	parts     []writerPart
	outage    *kafka.Outage
	announced atomic.Bool // the authority vouches for this gateway's key
	refused   string      // why not, as logged last; of the goroutine that checks

	// dropped is when a passage was last not accepted or given up, Unix ms; 0: never.
	dropped atomic.Int64
	full    atomic.Uint64

	mu    sync.Mutex
	stats WriterStats
}

// writerPart is the way of passages into one partition.
type writerPart struct {
	queue *queue
	// since is the time since which the oldest passage waits for an acknowledgement, Unix ms, at the latest by
	// the length of one call; 0: none waits.
	since atomic.Int64
	// sequence is the number of the last batch; of the partition's goroutine.
	sequence uint64
}

// WriterStats are the writer's counters, for metrics.
type WriterStats struct {
	Passages uint64 // acknowledged by all in-sync replicas
	Batches  uint64
	Failures uint64 // attempts that failed and were repeated
	Full     uint64 // passages that were not accepted because the queue was full
	Lost     uint64 // passages that were given up: too old, refused by the brokers, or left at the end
	Queued   int    // passages that wait now
}

func newWriter(c Config, open func() (Link, error), session int64) *Writer {
	w := &Writer{c: c, open: open, session: session, parts: make([]writerPart, c.Partitions),
		outage: kafka.NewOutage(c.Log.With(zap.String("topic", c.Kafka.Topic)), "telling the other gateways about passages fails; trying again",
			"telling the other gateways about passages works again")}
	for i := range w.parts {
		w.parts[i].queue = newQueue(max(c.Queue/c.Partitions, 1))
	}
	return w
}

// Record takes a passage that this gateway admitted. It never blocks, takes no lock and allocates nothing. It
// returns false if the queue is full: the passage is then counted and the other gateways do not learn of it,
// so the reach is at most [passage.Local] for a window. The strings of p are kept after the call.
func (w *Writer) Record(p *passage.Passage) bool {
	if w.parts[Partition(p.Serial, len(w.parts))].queue.put(p) {
		return true
	}
	w.full.Add(1)
	w.dropped.Store(w.c.Now().UnixMilli())
	return false
}

var _ passage.Recorder = (*Writer)(nil)

// Stats returns a copy.
func (w *Writer) Stats() WriterStats {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.stats
	s.Full = w.full.Load()
	for i := range w.parts {
		s.Queued += w.parts[i].queue.len()
	}
	return s
}

func (w *Writer) count(change func(*WriterStats)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.stats)
}

// behind reports whether other gateways may not know a passage that was admitted here: one has waited for an
// acknowledgement for too long, or was not accepted within the last window. now is Unix ms.
func (w *Writer) behind(now int64) bool {
	if !w.announced.Load() {
		return true
	}
	if at := w.dropped.Load(); at != 0 && now-at < w.c.Window.Milliseconds() {
		return true
	}
	for i := range w.parts {
		if since := w.parts[i].since.Load(); since != 0 && now-since > silentAfter.Milliseconds() {
			return true
		}
	}
	return false
}

// run sends passages until ctx ends, and then what waits, for at most flushFor.
func (w *Writer) run(ctx context.Context) {
	link, ok := w.connect(ctx)
	if !ok {
		return
	}
	defer link.Close()
	if !w.awaitAnnouncement(ctx) {
		return
	}
	// Calls in progress go on after ctx has ended: a call that is cut off is often written all the same.
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(flushFor, stop) })()
	var parts sync.WaitGroup
	for i := range w.parts {
		parts.Go(func() { w.serve(ctx, sending, link, i) })
	}
	parts.Go(func() { w.watchAnnouncement(ctx) })
	parts.Wait()
	left := uint64(0)
	for i := range w.parts {
		left += uint64(len(w.parts[i].queue.take(nil, 1<<30)))
	}
	if w.count(func(s *WriterStats) { s.Lost += left }); left > 0 {
		w.c.Log.Warn("passages were not told to other gateways before the end", zap.Uint64("passages", left))
	}
}

// connect opens the link; it fails only while a file named in the settings cannot be read.
func (w *Writer) connect(ctx context.Context) (Link, bool) {
	for {
		link, err := w.open()
		if err == nil {
			return link, true
		}
		w.outage.Failed("settings", err)
		if !kafka.Wait(ctx, maxBackoff) {
			return nil, false
		}
	}
}

// awaitAnnouncement waits until the authority has announced this gateway's key, because other gateways would
// refuse its batches before. Passages wait in the queue meanwhile.
func (w *Writer) awaitAnnouncement(ctx context.Context) bool {
	for !w.checkAnnouncement() {
		if !kafka.Wait(ctx, announcedEvery) {
			return false
		}
	}
	return true
}

// checkAnnouncement stores whether the authority vouches for this gateway's key, and logs why not.
func (w *Writer) checkAnnouncement() bool {
	why := w.c.mayWrite()
	if why != "" && !w.c.Ready() {
		why = "" // the announcement may be still unread
	} else {
		w.announced.Store(why == "")
	}
	if why != w.refused && why != "" {
		w.c.Log.Error("other gateways refuse the passages of this one: "+why, zap.Uint16("gateway", uint16(w.c.Gateway)))
	}
	w.refused = why
	return w.announced.Load()
}

// watchAnnouncement notices a withdrawal.
func (w *Writer) watchAnnouncement(ctx context.Context) {
	for kafka.Wait(ctx, announcedEvery) {
		w.checkAnnouncement()
	}
}

// serve sends the passages of one partition, one message in flight. A passage that comes to an idle partition is
// sent at once; those that come during a call, and within batchEvery of its start, form the next batch. ctx ends
// the waiting for passages, sending the calls.
func (w *Writer) serve(ctx, sending context.Context, link Link, partition int) {
	part := &w.parts[partition]
	name := fmt.Sprintf("partition %d", partition)
	passages := make([]passage.Passage, 0, passage.AlwaysFit)
	var began int64 // of the last call, Unix ms
	for {
		passages = part.queue.take(passages[:0], passage.AlwaysFit)
		if len(passages) == 0 {
			part.since.Store(0)
			began = 0
			if ctx.Err() != nil {
				return
			}
			part.queue.wait(ctx.Done())
			continue
		}
		started := time.Now()
		now := w.c.Now().UnixMilli()
		if began == 0 {
			began = now
		}
		part.since.Store(began) // the oldest of them came after the last call began
		began = now
		for rest := passages; len(rest) > 0; {
			n := w.send(sending, link, partition, name, rest)
			if rest = rest[n:]; sending.Err() != nil {
				w.count(func(s *WriterStats) { s.Lost += uint64(len(rest)) })
				return
			}
		}
		kafka.Wait(ctx, batchEvery-time.Since(started))
	}
}

// mayWrite returns why other gateways would refuse this gateway's batches, or "".
func (c *Config) mayWrite() string {
	key, ok := c.Gateways.Gateway(c.Gateway)
	switch {
	case !ok:
		return "the authority has not announced its key"
	case key.Public != [ed25519.PublicKeySize]byte(c.Key.Public().(ed25519.PublicKey)):
		return "the authority announced another key for its id: give this key an id of its own"
	case c.Now().Unix() >= key.Cutoff:
		return "the authority has withdrawn its key"
	}
	return ""
}
