package publish_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/test/harness/runtest"
)

const bookingsTopic = "railgate.bookings"

// ofBookings configures a publisher of the bookings stream.
func ofBookings(c *publish.Config) {
	c.Domain, c.Topic.Name = revocation.Bookings, bookingsTopic
}

// bookings are n records of the greatest length.
func bookings(n int) (all []revocation.Record) {
	for i := range n {
		all = append(all, revocation.Record{Kind: revocation.KindBooking, At: time.Now().UnixMilli(), Body: fmt.Sprintf("%0*d", revocation.MaxBody, i)})
	}
	return all
}

// readBookings reads the topic from its start and returns the bodies that a gateway applies, in order.
func (s *harness) readBookings() (bodies []string) {
	s.t.Helper()
	pinned := revocationtest.Pinned().In(revocation.Bookings)
	s.values(bookingsTopic, func(value []byte) {
		b, err := revocation.OpenBatch(value, pinned)
		if err != nil {
			return
		}
		if _, err := revocation.OpenBatch(value, revocationtest.Pinned()); err == nil {
			s.t.Error("a batch of bookings passes for a control batch")
		}
		for _, r := range b.Records() {
			bodies = append(bodies, r.Body)
		}
	})
	return bodies
}

// values passes the messages of partition 0 of a topic to visit.
func (s *harness) values(topic string, visit func(value []byte)) {
	s.t.Helper()
	info := s.broker.Cluster.TopicInfo(topic)
	if info == nil {
		return
	}
	end := s.broker.Cluster.PartitionInfo(topic, 0).HighWatermark
	client, err := kgo.NewClient(kgo.SeedBrokers(s.broker.Addresses()...), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}))
	runtest.Must(s.t, err)
	defer client.Close()
	for next := int64(0); next < end; {
		for _, r := range client.PollFetches(s.t.Context()).Records() {
			visit(r.Value)
			next = r.Offset + 1
		}
	}
}

// Bookings are published in batches of their own domain, which no reader of control records accepts. A publisher
// that starts again recognizes its stream, also behind a batch of the other domain, and publishes nothing twice.
func TestBookingsHaveAStreamOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := newHarness(t)
	o := revocationtest.NewOutbox(1, partitions)
	all := bookings(2*revocation.MaxBookings + 1) // more than fit into two batches
	o.Add(all...)
	p, stop := s.publish(o, ofBookings)
	runtest.Eventually(t, testTimeout, "the bookings to be published", func() bool { return p.Stats().Records == uint64(len(all)) })
	stop()

	// A batch of the control stream of the same authority strays into the topic, far ahead in number.
	stray := revocation.Batch{Epoch: 99, First: 1000, IssuedAt: time.Now().UnixMilli()}
	message, err := stray.Encode(revocationtest.Pinned().ID(), nil)
	runtest.Must(t, err)
	signature, err := revocationtest.Authority.Sign(message)
	runtest.Must(t, err)
	_, err = s.client.Produce(t.Context(), &kafka.ProduceRequest{Topic: bookingsTopic, RequiredAcks: kafka.RequireAll,
		Records: kafka.NewRecordReader(kafka.Record{Value: kafka.NewBytes(append(message, signature[:]...))})})
	runtest.Must(t, err)

	p, _ = s.publish(o, ofBookings)
	s.awaitHeartbeats(p, 4)
	if n := p.Stats().Republications; n != 0 {
		t.Errorf("the second publisher republished %d times", n)
	}
	got := s.readBookings()
	if len(got) != len(all) {
		t.Fatalf("%d bookings are in the log, want %d", len(got), len(all))
	}
	for i, body := range got {
		if body != all[i].Body {
			t.Fatalf("booking %d is %q, want %q", i, body, all[i].Body)
		}
	}
}

// A control record in the outbox of bookings is never published under their name.
func TestBookingsStreamRefusesControlRecords(t *testing.T) {
	t.Parallel()
	s := newHarness(t)
	o := revocationtest.NewOutbox(1, partitions)
	o.Add(revocations(0, 1)...)
	p, _ := s.publish(o, ofBookings)
	runtest.Eventually(t, testTimeout, "publishing to fail", func() bool { return p.Stats().Failing != "" })
	if n := p.Stats().Records; n != 0 {
		t.Fatalf("%d records were published", n)
	}
}

// The issuer keeps a topic that others write: it is created with its partitions and retention.
func TestKeptTopicIsCreated(t *testing.T) {
	t.Parallel()
	s := newHarness(t)
	passages := publish.Topic{Name: "railgate.passages", Partitions: 6, Replication: 1, Retention: 25 * time.Hour}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); passages.Keep(ctx, s.client, zap.NewNop()) }()
	runtest.Eventually(t, testTimeout, "the topic to exist", func() bool { return s.broker.Cluster.TopicInfo(passages.Name) != nil })
	for partition, want := range map[int]bool{5: true, 6: false} {
		if got := s.broker.Cluster.PartitionInfo(passages.Name, int32(partition)) != nil; got != want {
			t.Errorf("partition %d exists: %v", partition, got)
		}
	}
	if ms := s.broker.Cluster.TopicInfo(passages.Name).Configs["retention.ms"]; ms == nil || *ms != "90000000" {
		t.Errorf("its retention is %v, want 25 h", ms)
	}
	cancel()
	<-done
	other := passages
	other.Partitions = 3
	if err := other.Ensure(t.Context(), s.client); err == nil {
		t.Error("a topic with another number of partitions passes")
	}
}
