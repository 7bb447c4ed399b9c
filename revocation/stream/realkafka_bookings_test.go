package stream_test

import (
	"sync"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/revocation/stream"
	"github.com/railgate/railgate/test/harness/runtest"
)

// bookings remembers the bodies that a replica passed on.
type bookings struct {
	mu     sync.Mutex
	bodies map[string]int
}

func (b *bookings) Apply(body string, _, _ int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bodies[body]++
}

func (b *bookings) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.bodies)
}

// A replica of bookings follows its topic as one of control does, from the start of the log, while leaders
// move. A batch of the other domain in the topic is refused.
func TestRealKafkaIsFollowedInTheDomainBookings(t *testing.T) {
	const batches = 60
	log := openNodes(t).create("bookings", kafkago.ConfigEntry{ConfigName: "cleanup.policy", ConfigValue: "delete"})
	now := time.Now().UnixMilli()
	next := [partitions]uint64{1, 1, 1}
	sign := func(p int, records ...revocation.Record) message {
		now++
		b := revocation.Batch{Domain: revocation.Bookings, Epoch: 1, Partition: uint16(p), First: next[p], IssuedAt: now, Through: now}
		next[p] += uint64(len(records))
		return message{key: []byte("key"), value: revocationtest.Seal(b, records...), at: now}
	}
	write := func(i int) {
		log.append(i%partitions, kafkago.Compression(i%5), []message{sign(i%partitions,
			revocation.Record{Kind: revocation.KindBooking, At: now, Body: "booking " + time.UnixMilli(now).String()},
			revocation.Record{Kind: revocation.KindBooking, At: now, Body: "change of " + time.UnixMilli(now).String()})})
	}
	for i := range batches {
		write(i)
	}
	log.append(0, 0, []message{{key: []byte("key"), at: now, value: revocationtest.Seal(
		revocation.Batch{Epoch: 1, First: 1, IssuedAt: now, Through: now})}}) // of control

	start := func() (*revocation.Replica, *bookings) {
		replica, err := revocation.NewReplica(revocationtest.Pinned().In(revocation.Bookings), partitions, revocation.Limits{}, now)
		if err != nil {
			t.Fatal(err)
		}
		sink := &bookings{bodies: map[string]int{}}
		replica.Bookings = sink
		open := func() (stream.Link, error) {
			return kafka.Open(kafka.Config{Brokers: log.addresses, Topic: log.name, ClientID: "bookings"})
		}
		background(t, stream.New(open, log.name, replica, time.Now, zap.NewNop()).Run)
		return replica, sink
	}
	replica, sink := start()
	runtest.Eventually(t, nodeTimeout, "the log", func() bool { return sink.count() == 2*batches })
	log.moveLeaders()
	for i := range batches {
		write(i)
	}
	_, late := start()
	for _, s := range []*bookings{sink, late} {
		runtest.Eventually(t, nodeTimeout, "the whole log", func() bool { return s.count() == 4*batches })
	}
	status := replica.Status(now)
	if n := status.Counts.Outcomes[revocation.Unreadable]; n != 1 || status.Counts.Rewinds != 0 {
		t.Errorf("%d messages were of another domain, want 1; %d re-readings, want 0", n, status.Counts.Rewinds)
	}
}
