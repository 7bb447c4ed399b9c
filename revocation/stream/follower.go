// Package stream follows a topic into memory: every partition, for the lifetime of the process. Numbered topics,
// control and bookings, are read from the start of their logs into a [revocation.Replica], which finds missing
// records by their numbers. A topic whose messages matter for a limited time, passages, is read from the start
// of that time into a [Window]. It is the only Kafka code by which a gateway reads.
//
// It promises: no error ends it, every wait in it has a bound, and it never skips a record that it could not
// read. It does not use kafka.Reader, which stalls, repeats records or panics on batches that real brokers
// serve (emptied by compaction, alone in a response, or compressed with their tail gone), and checks no CRC.
package stream

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
)

const (
	// MaxWait is how long a broker may delay an answer when there is no new message. New messages are not
	// delayed by it; a dead broker is noticed after it.
	MaxWait = 500 * time.Millisecond
	// callTimeout bounds every call to a broker, MaxWait included. It is also the time until a frozen leader
	// is noticed.
	callTimeout = MaxWait + 1500*time.Millisecond
	// The pause between failed calls grows from minBackoff to maxBackoff, jittered. maxBackoff is the longest
	// delay of a recovery once the brokers work again.
	minBackoff = 50 * time.Millisecond
	maxBackoff = 400 * time.Millisecond
	// fetchBytes is the usual size of a fetch, about as many small batches as the guard in revocation/kafka
	// lets through. maxFetchBytes is the largest size tried when a broker returns nothing that decodes.
	fetchBytes    = 256 << 10
	maxFetchBytes = 8 << 20
	// forgetEvery is how often expired days are removed from the set.
	forgetEvery = time.Minute
)

// Replica is what a follower needs of its destination. Each partition is used by one goroutine, and different
// partitions at the same time. Times are Unix ms.
type Replica interface {
	// Partitions returns the number of partitions that the topic must have.
	Partitions() int
	// SetTargetOffset stores the end of a partition's log when reading began.
	SetTargetOffset(partition int, end int64)
	// ApplyAll applies messages in their order. They may be repetitions, or not readable.
	ApplyAll(partition int, messages [][]byte, now int64)
	// SetPosition stores the next offset to read. trusted is false if the partition's log must be read again.
	SetPosition(partition int, next int64) (trusted bool)
	// Forget drops what does not matter any more, and returns the number of entries dropped.
	Forget(now int64) int
}

var _ Replica = (*revocation.Replica)(nil)

// Follower reads one topic into one replica.
type Follower struct {
	// Snapshots are saved if Dir is set; set it before Run. Only the control topic has snapshots.
	Snapshots Snapshots

	openLink func() (Link, error)
	topic    string
	replica  Replica
	numbered *revocation.Replica // the replica of a numbered topic; else nil
	window   Window              // the replica of a topic that is read from a time on; else nil
	now      func() time.Time
	log      *zap.Logger
	outage   *kafka.Outage

	current  atomic.Pointer[Link]
	renewing sync.Mutex // one renewal at a time

	mu          sync.Mutex
	trouble     string    // what is wrong with the topic
	clockLogged time.Time // when it was last logged that the clocks differ; zero: they agree
	stats       Stats
}

// New prepares a follower of a numbered topic, control or bookings; [Follower.Run] starts it. open makes a link
// to the brokers and is called again whenever the watchdog replaces the link. now is the clock that batches are
// compared with.
func New(open func() (Link, error), topic string, replica *revocation.Replica, now func() time.Time, log *zap.Logger) *Follower {
	f := newFollower(open, topic, replica, now, log)
	f.numbered = replica
	return f
}

func newFollower(open func() (Link, error), topic string, replica Replica, now func() time.Time, log *zap.Logger) *Follower {
	log = log.With(zap.String("topic", topic))
	return &Follower{openLink: open, topic: topic, replica: replica, now: now, log: log,
		outage: kafka.NewOutage(log, "reading the topic fails; trying again", "reading the topic works again"),
		stats: Stats{Errors: map[string]uint64{}, Renewed: map[string]uint64{whyFailing: 0, whyStuck: 0},
			Partitions: make([]PartitionStats, replica.Partitions())}}
}

// Run follows the stream until ctx ends.
func (f *Follower) Run(ctx context.Context) {
	if !f.connect(ctx) {
		return
	}
	defer func() { f.link().Close() }()
	if !f.awaitTopic(ctx) {
		return
	}
	var wg sync.WaitGroup
	for p := range f.replica.Partitions() {
		if f.numbered != nil && !f.numbered.Reads(p) {
			continue
		}
		wg.Go(func() { f.follow(ctx, p) })
	}
	wg.Go(func() { f.forget(ctx) })
	wg.Go(func() { f.watchTopic(ctx) })
	if f.Snapshots.Dir != "" {
		wg.Go(func() { f.saveSnapshots(ctx) })
		wg.Go(func() { f.saveHighWaterMarks(ctx) })
	}
	wg.Wait()
}

// awaitTopic waits until the topic exists with the number of partitions that the replica expects. Reading a
// subset would miss revocations, so a topic with another number is never read.
func (f *Follower) awaitTopic(ctx context.Context) bool {
	var w watchdog
	for wait := minBackoff; ; wait = min(2*wait, maxBackoff) {
		link := f.link()
		why, err := f.checkTopic(ctx)
		if err != nil && ctx.Err() == nil {
			f.outage.Failed(partTopic, err)
		} else {
			f.outage.Works(partTopic)
		}
		f.setTrouble(why, err == nil)
		if why == "" {
			return true
		}
		if err != nil && w.failed() {
			f.renew(-1, link, whyFailing)
		}
		if !sleep(ctx, wait) {
			return false
		}
	}
}

// partTopic is the part of an outage that concerns the topic's metadata.
const partTopic = "topic"

// setTrouble stores what is wrong with the topic; log is false if the fault is already logged.
func (f *Follower) setTrouble(why string, log bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if why != f.trouble && why != "" && log {
		f.log.Warn("the topic has a fault: correct its settings", zap.String("why", why))
	}
	f.trouble = why
}

// Topic returns the name of the topic.
func (f *Follower) Topic() string { return f.topic }

// Trouble returns what is wrong with the topic, or "": why it cannot be read at all, or which setting would
// lose records too early.
func (f *Follower) Trouble() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.trouble
}

// Why returns why the stream cannot be read, or "": a fault of the topic, or why calls to the brokers fail
// and since when.
func (f *Follower) Why() string {
	if why := f.Trouble(); why != "" {
		return why
	}
	since, cause := f.outage.State()
	if cause == "" {
		return ""
	}
	return fmt.Sprintf("Kafka cannot be read since %s: %s", since.UTC().Format(time.RFC3339), cause)
}

func (f *Follower) forget(ctx context.Context) {
	for sleep(ctx, forgetEvery) {
		if n := f.replica.Forget(f.now().UnixMilli()); n > 0 {
			f.log.Info("removed expired entries", zap.Int("entries", n))
		}
	}
}

// sleep waits for about d, between a half and one and a half of it, so that gateways that failed at the same
// time do not retry at the same time.
func sleep(ctx context.Context, d time.Duration) bool { return kafka.Wait(ctx, d/2+rand.N(d)) }
