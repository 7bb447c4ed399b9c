package publish_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/test/fakekafka"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
)

const (
	topic       = "railgate.control"
	partitions  = 2
	testTimeout = 15 * time.Second
	heartbeat   = 50 * time.Millisecond
)

// harness is a broker to which publishers and gateways are added.
type harness struct {
	t      *testing.T
	broker *fakekafka.Broker
	client *kafka.Client
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	b, err := fakekafka.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	transport := &kafka.Transport{MetadataTTL: 100 * time.Millisecond, MetadataTopics: []string{topic, bookingsTopic, "railgate.passages"}}
	t.Cleanup(transport.CloseIdleConnections)
	return &harness{t: t, broker: b, client: &kafka.Client{Addr: kafka.TCP(b.Addresses()...), Timeout: testTimeout, Transport: transport}}
}

// publish runs a publisher until stop or the end of the test.
func (s *harness) publish(outbox publish.Outbox, tune ...func(*publish.Config)) (p *publish.Publisher, stop func()) {
	s.t.Helper()
	c := publish.Config{
		Broker: s.client, Topic: publish.Topic{Name: topic, Partitions: partitions, Replication: 1}, Outbox: outbox,
		Authority: revocationtest.Authority, Heartbeat: heartbeat, LogCheck: heartbeat, Now: time.Now, Log: zap.NewNop(),
	}
	for _, f := range tune {
		f(&c)
	}
	p = publish.New(c)
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := p.Run(ctx); err != nil {
			s.t.Error(err)
		}
	}()
	stop = func() { cancel(); <-done }
	s.t.Cleanup(stop)
	return p, stop
}

// gateway reads the log from its current start, like a gateway without data.
type gateway struct {
	*harness
	replica        *revocation.Replica
	at             [partitions]int64
	contradictions int // messages that contradict earlier ones
}

func (s *harness) gateway() *gateway {
	s.t.Helper()
	r, err := revocation.NewReplica(revocationtest.Pinned(), partitions, revocation.Limits{}, time.Now().UnixMilli())
	if err != nil {
		s.t.Fatal(err)
	}
	g := &gateway{harness: s, replica: r}
	for p := range partitions {
		g.at[p], _ = s.ends(p)
	}
	return g
}

// read applies new messages and returns the number of known revocations.
func (g *gateway) read() int {
	g.t.Helper()
	for p := range partitions {
		_, end := g.ends(p)
		for g.at[p] < end {
			r, err := g.client.Fetch(g.t.Context(), &kafka.FetchRequest{Topic: topic, Partition: p, Offset: g.at[p], MinBytes: 1, MaxBytes: 1 << 20, MaxWait: time.Second})
			if err != nil || r.Error != nil {
				g.t.Fatal(err, r.Error)
			}
			for {
				record, err := r.Records.ReadRecord()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					g.t.Fatal(err)
				}
				value, err := protocol.ReadAll(record.Value)
				if err != nil {
					g.t.Fatal(err)
				}
				if record.Offset < g.at[p] {
					continue
				}
				switch outcome := g.replica.Apply(p, value, time.Now().UnixMilli()); outcome {
				case revocation.Applied, revocation.Duplicate, revocation.OldEpoch, revocation.PastHeartbeat:
				default:
					g.t.Logf("partition %d, offset %d: %s", p, record.Offset, outcome)
					g.contradictions++
				}
				g.at[p] = record.Offset + 1
			}
		}
	}
	return g.replica.Status(time.Now().UnixMilli()).Revoked
}

// mustKnow waits until the gateway knows exactly n revocations.
func (g *gateway) mustKnow(n int) {
	g.t.Helper()
	runtest.Eventually(g.t, testTimeout, fmt.Sprintf("%d revocations at the gateway", n), func() bool { return g.read() == n })
}

func (s *harness) ends(partition int) (first, end int64) {
	s.t.Helper()
	r, err := s.client.ListOffsets(s.t.Context(), &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{
		topic: {kafka.FirstOffsetOf(partition), kafka.LastOffsetOf(partition)}}})
	if err != nil || r.Topics[topic][0].Error != nil {
		s.t.Fatal(err, r)
	}
	return r.Topics[topic][0].FirstOffset, r.Topics[topic][0].LastOffset
}

// deleteRecords deletes all messages of the log, as an operator can do.
func (s *harness) deleteRecords() {
	s.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(s.broker.Addresses()...))
	if err != nil {
		s.t.Fatal(err)
	}
	defer client.Close()
	t := kmsg.NewDeleteRecordsRequestTopic()
	t.Topic = topic
	for p := range partitions {
		d := kmsg.NewDeleteRecordsRequestTopicPartition()
		d.Partition, d.Offset = int32(p), -1 // all messages
		t.Partitions = append(t.Partitions, d)
	}
	req := kmsg.NewDeleteRecordsRequest()
	req.TimeoutMillis = 5000
	req.Topics = append(req.Topics, t)
	if _, err := req.RequestWith(s.t.Context(), client); err != nil {
		s.t.Fatal(err)
	}
	for p := range partitions {
		if first, _ := s.ends(p); first == 0 {
			s.t.Fatal("the broker deleted nothing")
		}
	}
}

// revocations returns records that revoke n credentials, starting with index.
func revocations(index, n int) (all []revocation.Record) {
	now := time.Now()
	for i := range n {
		all = append(all, revocation.Record{Kind: revocation.KindRevoke, At: now.UnixMilli(),
			Serial: tokens.Serial{Day: uint16(tokens.DayOf(now.Unix())), Index: uint32(index + i)}})
	}
	return all
}

// awaitHeartbeats waits for n more heartbeats of a publisher, and fails if it republishes meanwhile.
func (s *harness) awaitHeartbeats(p *publish.Publisher, n uint64) {
	s.t.Helper()
	from := p.Stats()
	runtest.Eventually(s.t, testTimeout, "heartbeats", func() bool { return p.Stats().Heartbeats >= from.Heartbeats+n })
	if to := p.Stats(); to.Republications != from.Republications {
		s.t.Fatalf("%d republications although the log is whole", to.Republications-from.Republications)
	}
}
