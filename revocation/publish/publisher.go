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
	// DefaultHeartbeat is how often a partition without news says that there is none.
	DefaultHeartbeat = time.Second
	// DefaultLogCheck is how often the log's ends are looked at while publishing.
	DefaultLogCheck = time.Minute
	// pollEvery finds records that another process committed; those of this
	// process announce themselves through Wake.
	pollEvery = 200 * time.Millisecond
	// batchEvery is the least time from the beginning of one batch of a partition to
	// the next, unless more waits than fits one. A batch costs the issuer, the brokers
	// and every gateway about as much as several revocations; records that arrive
	// meanwhile share the next. A record that comes alone does not wait.
	batchEvery = 10 * time.Millisecond
	// callTimeout bounds a round: an outbox call, a produce call, another.
	callTimeout = 5 * time.Second
	// produceTimeout bounds the wait for all in-sync replicas: so long does a frozen
	// leader hold a partition. A message that was written after all is repeated
	// under its number, which is harmless.
	produceTimeout = 2 * time.Second
	// resumeTimeout bounds one attempt to compare stream and outbox; restating a
	// million revocations takes most of it.
	resumeTimeout = 5 * time.Minute

	minBackoff = 50 * time.Millisecond
	// maxBackoff is what recovery costs at worst once the brokers are well again.
	// There is one publisher, so it may ask often.
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

// Config is what a Publisher works with; what has no default must be set.
type Config struct {
	Broker    Broker
	Topic     Topic
	Outbox    Outbox
	Authority signing.Signer
	Heartbeat time.Duration    // 0: DefaultHeartbeat
	LogCheck  time.Duration    // 0: DefaultLogCheck
	Now       func() time.Time // the clock that batches are dated by
	Log       *zap.Logger
	// TopicFaults tells in plain words which settings of the topic endanger what
	// is promised. It is asked each time publishing begins; what it says is
	// logged and counted and stops nothing. nil: nobody is asked.
	TopicFaults func(context.Context) ([]string, error)
}

// Publisher empties an Outbox into the control topic.
type Publisher struct {
	Config
	authority [4]byte
	pinned    func() (*revocation.Authority, error) // to read the log with; made when that is first done
	wake      []chan struct{}                       // one per partition, capacity 1: a pending wake-up is enough
	outage    *kafka.Outage

	mu    sync.Mutex // guards what follows
	stats Stats
	logs  []extent // one per partition, of the present term
	// furthest is the furthest moment that the clock has shown, Unix ms; back says
	// that it is behind it now.
	furthest int64
	back     bool
}

// extent is what the publisher knows of a partition's log.
type extent struct {
	// head is where a batch of number 1 stands that nothing older contradicts:
	// from there on the log is whole. -1: none is known.
	head int64
	end  int64 // the log had messages up to here, exclusive
}

// Stats is what the publisher did, for metrics.
type Stats struct {
	Batches, Records, Heartbeats, Failures uint64
	// Republications counts the times everything was published again.
	Republications uint64
	Spent          Spent
	// LastMS is when each partition last took a message, Unix ms.
	LastMS []int64
	// Failing is why the newest attempt to publish failed, since when none or not all
	// have succeeded; empty: publishing works, or another publisher does it.
	Failing      string
	FailingSince time.Time
	// Leading says that this publisher is the one that works; others stand by.
	Leading bool
	// TopicFaults is how many faults the topic's settings had when they were last looked at.
	TopicFaults int
}

// New prepares a publisher; Run starts it.
func New(c Config) *Publisher {
	if c.Heartbeat == 0 {
		c.Heartbeat = DefaultHeartbeat
	}
	if c.LogCheck == 0 {
		c.LogCheck = DefaultLogCheck
	}
	public := c.Authority.Public()
	p := &Publisher{Config: c, authority: revocation.AuthorityID(public),
		outage: kafka.NewOutage(c.Log.With(zap.String("topic", c.Topic.Name)), "publishing fails; trying again", "publishing works again"),
		pinned: sync.OnceValues(func() (*revocation.Authority, error) {
			if err := errors.Join(fixedkey.CheckForm(), fixedkey.Fault()); err != nil {
				c.Log.Error("the log's signatures are not verified in the fastest form", zap.Stringer("verifier", fixedkey.Best()), zap.Error(err))
			}
			return revocation.NewAuthority(public)
		})}
	for range c.Topic.Partitions {
		p.wake = append(p.wake, make(chan struct{}, 1))
	}
	p.logs = make([]extent, c.Topic.Partitions)
	p.stats.LastMS = make([]int64, c.Topic.Partitions)
	return p
}

// Wake tells the publisher that records were committed, in any partition. It never
// blocks.
func (p *Publisher) Wake() {
	for partition := range p.wake {
		p.WakeOne(partition)
	}
}

// WakeOne is Wake for records of one partition: the others are not woken.
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

// Run waits until the lease is this publisher's, publishes until ctx ends, and
// gives the lease back. It fails only if the topic can never be right. When the
// lease is lost it waits again; when the log turns out to have lost what was
// published, or another publisher began a new epoch, it begins again.
func (p *Publisher) Run(ctx context.Context) error {
	for p.awaitLease(ctx) {
		err := p.lead(ctx)
		p.resign()
		if err != nil {
			return err
		}
	}
	return nil
}

// lead is one term: it compares stream and outbox, then serves until the term
// has a reason to end. Only errFinal is an error.
func (p *Publisher) lead(ctx context.Context) error {
	var epoch uint64
	err := p.holding(ctx, time.Time{}, func(ctx context.Context) error {
		err := p.retry(ctx, resumeTimeout, partTopic, func(ctx context.Context) (err error) {
			// The outbox is asked first: no topic is made that is not its own.
			if _, err = p.Outbox.Epoch(ctx); err == nil {
				err = p.Topic.ensure(ctx, p.Broker)
			}
			if err == nil {
				epoch, err = p.resume(ctx)
			}
			return err
		})
		if err == nil {
			p.inspect(ctx)
		}
		return err
	})
	if errors.Is(err, errFinal) {
		return err
	}
	if err != nil {
		return nil
	}
	until, err := p.renew(ctx) // preparing may have taken longer than a lease lasts
	if err != nil || until.IsZero() {
		return nil
	}
	return p.holding(ctx, until, func(ctx context.Context) error {
		serving, stop := context.WithCancel(ctx)
		var parts sync.WaitGroup
		p.Log.Info("publishing began", zap.String("topic", p.Topic.Name), zap.Uint64("epoch", epoch))
		part := func(run func()) {
			parts.Go(func() {
				defer stop() // one partition's loss is everyone's: restating moves them all
				run()
			})
		}
		for partition := range p.wake {
			part(func() { p.serve(serving, partition, epoch) })
		}
		part(func() { p.watch(serving) })
		parts.Wait()
		return nil
	})
}

// inspect says aloud what is wrong with the topic's settings.
func (p *Publisher) inspect(ctx context.Context) {
	if p.TopicFaults == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	faults, err := p.TopicFaults(ctx)
	if err != nil {
		p.Log.Info("the settings of the control topic could not be looked at", zap.Error(err))
		return
	}
	for _, fault := range faults {
		p.Log.Warn("the control topic endangers what is promised", zap.String("topic", p.Topic.Name), zap.String("fault", fault))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.TopicFaults = len(faults)
}
