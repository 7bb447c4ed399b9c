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
	"math/rand/v2"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/railgate/railgate/revocation"
)

const (
	// MaxWait is how long a broker may hold back an answer when nothing is new.
	// Deliveries do not wait for it; a dead broker is noticed after it.
	MaxWait = 500 * time.Millisecond
	// callTimeout bounds every call to a broker, MaxWait included.
	callTimeout = MaxWait + 2*time.Second
	// Backoff between failed calls grows from the first to the second, jittered.
	minBackoff = 50 * time.Millisecond
	maxBackoff = 2 * time.Second
	// fetchBytes is the usual size of a fetch; maxFetchBytes the largest tried
	// when a broker returns nothing that decodes.
	fetchBytes    = 1 << 20
	maxFetchBytes = 8 << 20
	// rereadEvery spaces the re-readings of a log that keeps contradicting itself.
	rereadEvery = 10 * time.Second
	// forgetEvery is how often days that are over leave the set.
	forgetEvery = time.Minute
)

// Broker is the part of kafka.Client that the follower calls.
type Broker interface {
	Fetch(context.Context, *kafka.FetchRequest) (*kafka.FetchResponse, error)
	ListOffsets(context.Context, *kafka.ListOffsetsRequest) (*kafka.ListOffsetsResponse, error)
	Metadata(context.Context, *kafka.MetadataRequest) (*kafka.MetadataResponse, error)
}

// Follower reads one topic into one replica.
type Follower struct {
	// Snapshots are kept if Dir is set; set before Run.
	Snapshots Snapshots

	broker  Broker
	topic   string
	replica *revocation.Replica
	now     func() time.Time
	log     *zap.Logger

	mu      sync.Mutex
	trouble string // what keeps the follower from reading at all
	stats   Stats
}

// New prepares a follower; Run starts it. now is the clock that batches are
// judged by.
func New(broker Broker, topic string, replica *revocation.Replica, now func() time.Time, log *zap.Logger) *Follower {
	return &Follower{broker: broker, topic: topic, replica: replica, now: now, log: log,
		stats: Stats{Errors: map[string]uint64{}, Partitions: make([]PartitionStats, replica.Partitions())}}
}

// Run follows the stream until ctx ends.
func (f *Follower) Run(ctx context.Context) {
	if !f.awaitTopic(ctx) {
		return
	}
	var wg sync.WaitGroup
	for p := range f.replica.Partitions() {
		wg.Go(func() { f.follow(ctx, p) })
	}
	wg.Go(func() { f.forget(ctx) })
	if f.Snapshots.Dir != "" {
		wg.Go(func() { f.keep(ctx) })
	}
	wg.Wait()
}

// awaitTopic waits until the topic exists with the partitions the replica
// expects. Reading a subset would miss revocations, so a topic of another
// width is never read.
func (f *Follower) awaitTopic(ctx context.Context) bool {
	for wait := minBackoff; ; wait = min(2*wait, maxBackoff) {
		why := f.checkTopic(ctx)
		f.setTrouble(why)
		if why == "" {
			return true
		}
		if !sleep(ctx, wait) {
			return false
		}
	}
}

func (f *Follower) setTrouble(why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if why != f.trouble && why != "" {
		f.log.Warn("cannot follow the control topic", zap.String("topic", f.topic), zap.String("why", why))
	}
	f.trouble = why
}

// Trouble says what keeps the follower from reading at all, or nothing.
func (f *Follower) Trouble() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.trouble
}

func (f *Follower) forget(ctx context.Context) {
	for sleep(ctx, forgetEvery) {
		if n := f.replica.Forget(f.now().UnixMilli()); n > 0 {
			f.log.Info("forgot revocations of days that are over", zap.Int("serials", n))
		}
	}
}

// sleep waits for about d, between a half and one and a half of it, so that
// gateways that failed together do not come back together.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d/2 + rand.N(d))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
