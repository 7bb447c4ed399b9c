// Package stream follows the control topic into a revocation.Replica: every
// partition, from the start of its log, for as long as the process lives. It
// is the only Kafka code that a gateway links.
//
// It promises: no error ends it, no wait in it is without bound, and it never
// steps over a record it could not read. It does not use kafka.Reader, which
// was seen to stall on batches that real brokers serve (docs/revocation.md).
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
	// MaxWait is how long a broker may hold back an answer when nothing is new.
	// Deliveries do not wait for it; a dead broker is noticed after it.
	MaxWait = 500 * time.Millisecond
	// callTimeout bounds every call to a broker, MaxWait included: so long does a
	// frozen leader go unnoticed.
	callTimeout = MaxWait + 1500*time.Millisecond
	// Backoff between failed calls grows from the first to the second, jittered.
	// The second is what recovery costs at worst once the brokers are well again.
	minBackoff = 50 * time.Millisecond
	maxBackoff = 400 * time.Millisecond
	// fetchBytes is the usual size of a fetch, about as much as the guard in
	// revocation/kafka lets through of small batches; maxFetchBytes the largest tried when
	// a broker returns nothing that decodes.
	fetchBytes    = 256 << 10
	maxFetchBytes = 8 << 20
	// forgetEvery is how often days that are over leave the set.
	forgetEvery = time.Minute
)

// Follower reads one topic into one replica.
type Follower struct {
	// Snapshots are kept if Dir is set; set before Run.
	Snapshots Snapshots

	open    func() (Link, error)
	topic   string
	replica *revocation.Replica
	now     func() time.Time
	log     *zap.Logger
	outage  *kafka.Outage

	current  atomic.Pointer[Link]
	renewing sync.Mutex // one renewal at a time

	mu        sync.Mutex
	trouble   string    // what is wrong with the topic
	clockSaid time.Time // when the log last said that the clocks differ; zero: they agree
	stats     Stats
}

// New prepares a follower; Run starts it. open makes a link to the brokers, and
// is called again whenever the watchdog gives one up. now is the clock that
// batches are judged by.
func New(open func() (Link, error), topic string, replica *revocation.Replica, now func() time.Time, log *zap.Logger) *Follower {
	return &Follower{open: open, topic: topic, replica: replica, now: now, log: log,
		outage: kafka.NewOutage(log.With(zap.String("topic", topic)), "reading the control topic fails; trying again", "reading the control topic works again"),
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
		wg.Go(func() { f.follow(ctx, p) })
	}
	wg.Go(func() { f.forget(ctx) })
	wg.Go(func() { f.watchTopic(ctx) })
	if f.Snapshots.Dir != "" {
		wg.Go(func() { f.keep(ctx) })
		wg.Go(func() { f.ratchet(ctx) })
	}
	wg.Wait()
}

// awaitTopic waits until the topic exists with the partitions the replica
// expects. Reading a subset would miss revocations, so a topic of another
// width is never read.
func (f *Follower) awaitTopic(ctx context.Context) bool {
	var w watch
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

// setTrouble keeps what is wrong with the topic; say is false if the log has it already.
func (f *Follower) setTrouble(why string, say bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if why != f.trouble && why != "" && say {
		f.log.Warn("the control topic is not as it must be", zap.String("topic", f.topic), zap.String("why", why))
	}
	f.trouble = why
}

// Trouble says what is wrong with the topic, or nothing: why it cannot be read at
// all, or what is set so that it will not keep what it must.
func (f *Follower) Trouble() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.trouble
}

// Why says what keeps the stream from being read, or nothing: trouble with the topic,
// or why calls to the brokers fail and since when.
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
			f.log.Info("forgot revocations, cut-offs and closed sessions that are over", zap.Int("entries", n))
		}
	}
}

// sleep waits for about d, between a half and one and a half of it, so that
// gateways that failed together do not come back together.
func sleep(ctx context.Context, d time.Duration) bool { return kafka.Wait(ctx, d/2+rand.N(d)) }
