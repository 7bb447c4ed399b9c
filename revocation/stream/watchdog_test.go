package stream

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
)

// frozen is a broker that accepts every fetch and never answers.
type frozen struct{ fakeBroker }

func (b *frozen) Fetch(ctx context.Context, _ *kafka.FetchRequest) (*kafka.FetchResponse, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// mute is a broker that always announces more messages and never sends them.
type mute struct{ fakeBroker }

func (b *mute) Fetch(ctx context.Context, r *kafka.FetchRequest) (*kafka.FetchResponse, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(r.MaxWait):
	}
	return &kafka.FetchResponse{HighWatermark: r.Offset + 1, Records: kafka.NewRecordReader()}, nil
}

// The first link leads to a broker that never sends messages. The watchdog replaces the link within a bound,
// and the second one works.
func TestWatchdogOpensNewConnections(t *testing.T) {
	for why, c := range map[string]struct {
		bad    Link
		within time.Duration
	}{
		whyFailing: {&frozen{}, 2*callTimeout + 2*maxBackoff},
		whyStuck:   {&mute{}, stuckAfter + 3*MaxWait},
	} {
		t.Run(why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				now := time.Now().UnixMilli()
				good := &fakeBroker{end: 1, batches: []span{{base: 0, last: 0, messages: map[int64][]byte{
					0: revocationtest.Seal(revocation.Batch{Epoch: 1, First: 1, IssuedAt: now, Through: now})}}}}
				opened := 0
				r, err := revocation.NewReplica(revocationtest.Pinned(), 1, revocation.Limits{}, now-1)
				if err != nil {
					t.Fatal(err)
				}
				f := New(func() (Link, error) {
					if opened++; opened == 1 {
						return c.bad, nil
					}
					return good, nil
				}, "t", r, time.Now, zap.NewNop())
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { defer close(done); f.Run(ctx) }()
				began := time.Now()
				for r.Freshness(now).State == revocation.Booting && time.Since(began) < time.Minute {
					time.Sleep(10 * time.Millisecond)
				}
				if took := time.Since(began); took > c.within {
					t.Errorf("took %v, want at most %v", took, c.within)
				}
				if n := f.Stats().Renewed[why]; n != 1 || opened != 2 {
					t.Errorf("%d renewals counted, %d links opened", n, opened)
				}
				cancel()
				<-done
			})
		})
	}
}

// wide is a topic whose number of partitions an operator raises.
type wide struct {
	fakeBroker
	partitions atomic.Int32
}

func (b *wide) Metadata(context.Context, *kafka.MetadataRequest) (*kafka.MetadataResponse, error) {
	return &kafka.MetadataResponse{Topics: []kafka.Topic{{Name: "t", Partitions: make([]kafka.Partition, b.partitions.Load())}}}, nil
}

func (b *wide) Fetch(ctx context.Context, r *kafka.FetchRequest) (*kafka.FetchResponse, error) {
	time.Sleep(r.MaxWait)
	return &kafka.FetchResponse{HighWatermark: r.Offset, Records: kafka.NewRecordReader()}, nil
}

func (b *wide) DescribeConfigs(context.Context, *kafka.DescribeConfigsRequest) (*kafka.DescribeConfigsResponse, error) {
	return &kafka.DescribeConfigsResponse{Resources: []kafka.DescribeConfigResponseResource{{
		ResourceType: int8(kafka.ResourceTypeTopic), ResourceName: "t",
		ConfigEntries: []kafka.DescribeConfigResponseConfigEntry{
			{ConfigName: "cleanup.policy", ConfigValue: "delete"}, {ConfigName: "retention.ms", ConfigValue: "3600000"},
			{ConfigName: "retention.bytes", ConfigValue: "-1"}, {ConfigName: "max.message.bytes", ConfigValue: "1048588"}}}}}, nil
}

func TestTopicChangeIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := revocation.NewReplica(revocationtest.Pinned(), 1, revocation.Limits{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		b := new(wide)
		b.partitions.Store(1)
		f := New(func() (Link, error) { return b, nil }, "t", r, time.Now, zap.NewNop())
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); f.Run(ctx) }()
		time.Sleep(time.Second)
		if why := f.Trouble(); !strings.Contains(why, "retention") {
			t.Errorf("a retention of an hour: %q", why)
		}
		b.partitions.Store(2)
		time.Sleep(2 * topicEvery)
		if why := f.Trouble(); why != "topic t has 2 partitions, configured are 1" {
			t.Errorf("a widened topic: %q", why)
		}
		cancel()
		<-done
	})
}
