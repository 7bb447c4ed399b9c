package publish

import (
	"context"
	"errors"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/tokens/fixedkey"
	"github.com/railgate/railgate/tokens/signing"
)

const (
	// DefaultHeartbeat is the time between heartbeats of a partition without new records.
	DefaultHeartbeat = time.Second
	// DefaultLogCheck is how often the ends of the log are checked while publishing.
	DefaultLogCheck = time.Minute
	// pollEvery is how often records committed by other processes are looked for; records of this process are
	// announced with [Publisher.Wake].
	pollEvery = 200 * time.Millisecond
	// batchEvery is the least time between the starts of two batches of a partition, unless more records wait
	// than fit into one. A batch costs the issuer, the brokers and every gateway about as much as several
	// revocations; records that arrive meanwhile share the next batch. A single record does not wait.
	batchEvery = 10 * time.Millisecond
	// callTimeout bounds a round: an outbox call, a produce call, another outbox call.
	callTimeout = 5 * time.Second
	// produceTimeout bounds the wait for all in-sync replicas. It is also how long a frozen leader can block
	// a partition. A message that was written despite the timeout is repeated under its number, which is
	// harmless.
	produceTimeout = 2 * time.Second
	// resumeTimeout bounds one comparison of stream and outbox; republishing a million revocations takes most
	// of it.
	resumeTimeout = 5 * time.Minute

	minBackoff = 50 * time.Millisecond
	// maxBackoff is the longest delay of a recovery once the brokers work again. There is one publisher, so
	// it may retry often.
	maxBackoff = 200 * time.Millisecond
)

// Broker is the part of kafkago.Client that the publisher calls.
type Broker interface {
	Produce(context.Context, *kafkago.ProduceRequest) (*kafkago.ProduceResponse, error)
	CreateTopics(context.Context, *kafkago.CreateTopicsRequest) (*kafkago.CreateTopicsResponse, error)
	Metadata(context.Context, *kafkago.MetadataRequest) (*kafkago.MetadataResponse, error)
	ListOffsets(context.Context, *kafkago.ListOffsetsRequest) (*kafkago.ListOffsetsResponse, error)
	Fetch(context.Context, *kafkago.FetchRequest) (*kafkago.FetchResponse, error)
}

// Config configures a Publisher; fields without a default must be set.
type Config struct {
	// Domain is the subject of the stream. Zero: [revocation.Control].
	Domain    revocation.Domain
	Broker    Broker
	Topic     Topic
	Outbox    Outbox
	Authority signing.Signer
	Heartbeat time.Duration    // 0: DefaultHeartbeat
	LogCheck  time.Duration    // 0: DefaultLogCheck
	Now       func() time.Time // the clock of the batches' dates
	Log       *zap.Logger
	// TopicFaults returns which settings of the topic endanger the promises, in words. It is called each time
	// publishing begins; its result is logged and counted and does not stop publishing. nil: not checked.
	TopicFaults func(context.Context) ([]string, error)
	// RecordLife is how long after its acceptance a record can matter to a gateway. A log whose oldest batch is
	// older is complete. 0: [revocation.MaxSnapshotAge].
	RecordLife time.Duration
}

// Publisher publishes the records of an Outbox to one topic.
type Publisher struct {
	Config
	authority [4]byte
	pinned    func() (*revocation.Authority, error) // verifies the log; created on first use
	wake      []chan struct{}                       // one per partition, capacity 1: one pending wake-up is enough
	outage    *kafka.Outage

	mu    sync.Mutex // guards the fields below
	stats Stats
	logs  []extent // one per partition, of the current term
	// furthest is the furthest moment that the clock has shown, Unix ms; setBack reports that the clock is
	// before it now.
	furthest int64
	setBack  bool
}

// extent is what the publisher knows of a partition's log.
type extent struct {
	// head is the offset of a batch of number 1 that no older batch contradicts: the log is whole from there.
	// -1: unknown.
	head int64
	end  int64 // the log had messages up to this offset, exclusive
}

// Stats are the publisher's counters, for metrics.
type Stats struct {
	Batches, Records, Heartbeats, Failures uint64
	// Republications counts how often everything was published again.
	Republications uint64
	Spent          Spent
	// LastMS is when each partition last accepted a message, Unix ms.
	LastMS []int64
	// Failing is why the newest attempt to publish failed, and FailingSince when attempts began to fail;
	// empty: publishing works, or another publisher does it.
	Failing      string
	FailingSince time.Time
	// Leading reports that this publisher has the lease; others are standbys.
	Leading bool
	// TopicFaults is the number of faults in the topic's settings at the last check.
	TopicFaults int
}

// New prepares a publisher; [Publisher.Run] starts it.
func New(c Config) *Publisher {
	if c.Heartbeat == 0 {
		c.Heartbeat = DefaultHeartbeat
	}
	if c.LogCheck == 0 {
		c.LogCheck = DefaultLogCheck
	}
	if c.RecordLife == 0 {
		c.RecordLife = revocation.MaxSnapshotAge
	}
	public := c.Authority.Public()
	p := &Publisher{Config: c, authority: revocation.AuthorityID(public),
		outage: kafka.NewOutage(c.Log.With(zap.String("topic", c.Topic.Name)), "publishing fails; trying again", "publishing works again"),
		pinned: sync.OnceValues(func() (*revocation.Authority, error) {
			if err := errors.Join(fixedkey.CheckForm(), fixedkey.Fault()); err != nil {
				c.Log.Error("signatures of the log are not verified with the fastest code", zap.Stringer("verifier", fixedkey.Best()), zap.Error(err))
			}
			a, err := revocation.NewAuthority(public)
			if err != nil {
				return nil, err
			}
			return a.In(c.Domain), nil
		})}
	for range c.Topic.Partitions {
		p.wake = append(p.wake, make(chan struct{}, 1))
	}
	p.logs = make([]extent, c.Topic.Partitions)
	p.stats.LastMS = make([]int64, c.Topic.Partitions)
	return p
}

// Wake tells the publisher that records were committed, in any partition. It never blocks.
func (p *Publisher) Wake() {
	for partition := range p.wake {
		p.WakeOne(partition)
	}
}

// WakeOne is [Publisher.Wake] for the records of one partition.
func (p *Publisher) WakeOne(partition int) {
	select {
	case p.wake[partition] <- struct{}{}:
	default:
	}
}

// Stats returns a copy.
func (p *Publisher) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.LastMS = append([]int64(nil), s.LastMS...)
	s.FailingSince, s.Failing = p.outage.State()
	return s
}

// Run waits for the lease, publishes until ctx ends, and releases the lease. It fails only if the topic or
// the settings can never become right. When the lease is lost it waits again. When the log has lost published
// records, or another publisher began a new epoch, it starts over.
func (p *Publisher) Run(ctx context.Context) error {
	for p.awaitLease(ctx) {
		err := p.runTerm(ctx)
		p.resign()
		if err != nil {
			return err
		}
	}
	return nil
}

// runTerm is one term: it compares stream and outbox, then publishes until the term has a reason to end. Only
// errFinal is returned.
func (p *Publisher) runTerm(ctx context.Context) error {
	var epoch uint64
	err := p.withLease(ctx, time.Time{}, func(ctx context.Context) error {
		err := p.retry(ctx, resumeTimeout, partTopic, func(ctx context.Context) (err error) {
			// The outbox is read first, so that no topic is created for another stream's outbox.
			if _, err = p.Outbox.Epoch(ctx); err == nil {
				err = p.Topic.Ensure(ctx, p.Broker)
			}
			if err == nil {
				epoch, err = p.resume(ctx)
			}
			return err
		})
		if err == nil {
			p.logTopicFaults(ctx)
		}
		return err
	})
	if errors.Is(err, errFinal) {
		return err
	}
	if err != nil {
		return nil
	}
	until, err := p.renew(ctx) // preparing may have taken longer than a lease
	if err != nil || until.IsZero() {
		return nil
	}
	return p.withLease(ctx, until, func(ctx context.Context) error {
		serving, stop := context.WithCancel(ctx)
		var parts sync.WaitGroup
		p.Log.Info("publishing began", zap.String("topic", p.Topic.Name), zap.Uint64("epoch", epoch))
		part := func(run func()) {
			parts.Go(func() {
				defer stop() // republishing renumbers all partitions, so the loss of one ends the term of all
				run()
			})
		}
		for partition := range p.wake {
			part(func() { p.serve(serving, partition, epoch) })
		}
		part(func() { p.watchLog(serving) })
		parts.Wait()
		return nil
	})
}

// logTopicFaults logs and counts what is wrong with the topic's settings.
func (p *Publisher) logTopicFaults(ctx context.Context) {
	if p.TopicFaults == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	faults, err := p.TopicFaults(ctx)
	if err != nil {
		p.Log.Info("the settings of the topic could not be read", zap.String("topic", p.Topic.Name), zap.Error(err))
		return
	}
	for _, fault := range faults {
		p.Log.Warn("a setting of the topic endangers the promises: correct it", zap.String("topic", p.Topic.Name), zap.String("fault", fault))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.TopicFaults = len(faults)
}
