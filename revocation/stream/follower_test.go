package stream_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/revocation/stream"
	"github.com/railgate/railgate/test/fakekafka"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

const (
	topic       = "railgate.control"
	partitions  = 3
	testTimeout = 10 * time.Second
)

// harness is a broker with a publisher; gateways are added to it.
type harness struct {
	t      *testing.T
	broker *fakekafka.Broker
	outbox *revocationtest.Outbox
	pub    *publish.Publisher
	stop   func()
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	b, err := fakekafka.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return &harness{t: t, broker: b, outbox: revocationtest.NewOutbox(1, partitions)}
}

func openLink(t *testing.T, b *fakekafka.Broker, clientID string) *kafka.Link {
	t.Helper()
	link, err := kafka.Open(kafka.Config{Brokers: b.Addresses(), Topic: topic, ClientID: clientID})
	if err != nil {
		t.Fatal(err)
	}
	return link
}

func opener(b *fakekafka.Broker, clientID string) func() (stream.Link, error) {
	return func() (stream.Link, error) {
		return kafka.Open(kafka.Config{Brokers: b.Addresses(), Topic: topic, ClientID: clientID})
	}
}

// startPublisher runs the publisher until stop or the end of the test.
func (h *harness) startPublisher() {
	h.t.Helper()
	link := openLink(h.t, h.broker, "issuer")
	h.pub = publish.New(publish.Config{
		Broker: link, Topic: publish.Topic{Name: topic, Partitions: partitions, Replication: 1},
		Outbox: h.outbox, Authority: revocationtest.Authority,
		Heartbeat: 100 * time.Millisecond, Now: time.Now, Log: zap.NewNop(),
	})
	h.stop = background(h.t, func(ctx context.Context) { h.pub.Run(ctx); link.Close() })
}

// background runs f until the returned function is called or the test ends.
func background(t *testing.T, f func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); f(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func (h *harness) startFollower(width int) (*revocation.Replica, *stream.Follower) {
	h.t.Helper()
	r, err := revocation.NewReplica(revocationtest.Pinned(), width, revocation.Limits{}, time.Now().UnixMilli())
	if err != nil {
		h.t.Fatal(err)
	}
	f := stream.New(opener(h.broker, "gateway"), topic, r, time.Now, zap.NewNop())
	background(h.t, f.Run)
	return r, f
}

func awaitState(t *testing.T, r *revocation.Replica, want revocation.State) {
	t.Helper()
	runtest.Eventually(t, testTimeout, "state "+want.String(), func() bool {
		return r.Freshness(time.Now().UnixMilli()).State == want
	})
}

func today(index uint32) tokens.Serial {
	return tokens.Serial{Day: uint16(tokens.DayOf(time.Now().Unix())), Index: index}
}

func TestCommittedRecordsReachEveryGateway(t *testing.T) {
	h := newHarness(t)
	h.startPublisher()
	issuer := tokentest.NewIssuer(7)
	h.outbox.Add(revocation.Record{Kind: revocation.KindAnnounceKey, Key: 7, Public: issuer.Signer.Public()})
	first, _ := h.startFollower(partitions)
	awaitState(t, first, revocation.Fresh)
	if first.Key(7) == nil {
		t.Fatal("fresh, but the key announced before is unknown")
	}
	for i := range uint32(500) {
		h.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(i)})
	}
	h.pub.Wake()
	late, _ := h.startFollower(partitions)
	awaitState(t, late, revocation.Fresh)
	for i := range uint32(500) {
		if !late.Revoked(today(i)) {
			t.Fatalf("a gateway that started late is fresh without revocation %d", i)
		}
	}
	runtest.Eventually(t, testTimeout, "all 500 at the first gateway", func() bool {
		return first.Status(time.Now().UnixMilli()).Revoked == 500
	})
}

// An issuer that crashes and restarts repeats or continues its numbers; no gateway sees a gap, and no record
// committed meanwhile is lost.
func TestIssuerMayCrashBetweenPublishingAndMarking(t *testing.T) {
	h := newHarness(t)
	h.startPublisher()
	r, _ := h.startFollower(partitions)
	awaitState(t, r, revocation.Fresh)
	h.outbox.FailNext(5) // some of these hit MarkPublished, after the broker has stored the batch
	for i := range uint32(50) {
		h.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(i)})
		h.pub.Wake()
	}
	h.stop()
	h.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(77)})
	h.startPublisher()
	runtest.Eventually(t, testTimeout, "all 50 and the one made while the issuer was down", func() bool {
		return r.Status(0).Revoked == 51 && r.Revoked(today(77))
	})
	if s := r.Status(time.Now().UnixMilli()); s.Counts.Outcomes[revocation.Gap] != 0 || s.State != revocation.Fresh {
		t.Fatalf("state %s, %d gaps", s.State, s.Counts.Outcomes[revocation.Gap])
	}
}

// An issuer's database was restored from a backup: its next numbers already belong to other records. Gateways
// would handle the new records as repetitions, so the publisher must detect this and start a new epoch.
func TestDatabaseRestoredFromABackupLosesNothing(t *testing.T) {
	h := newHarness(t)
	h.startPublisher()
	r, _ := h.startFollower(partitions)
	awaitState(t, r, revocation.Fresh)
	for i := range uint32(30) {
		h.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(i)})
	}
	h.pub.Wake()
	runtest.Eventually(t, testTimeout, "30 revocations", func() bool { return r.Status(0).Revoked == 30 })
	h.stop()

	h.outbox = revocationtest.NewOutbox(1, partitions) // the backup: the same epoch, from before the 30 revocations
	h.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(99)})
	h.startPublisher()
	runtest.Eventually(t, testTimeout, "the revocation after the restore", func() bool { return r.Revoked(today(99)) })
	if s := r.Status(0); s.Revoked != 31 || s.Counts.Outcomes[revocation.Gap] != 0 {
		t.Fatalf("%d revoked, %d gaps", s.Revoked, s.Counts.Outcomes[revocation.Gap])
	}
	late, _ := h.startFollower(partitions)
	awaitState(t, late, revocation.Fresh)
	if n := late.Status(0).Revoked; n != 31 {
		t.Fatalf("a gateway that starts now knows %d of 31", n)
	}

	h.stop()
	h.startPublisher() // an ordinary restart changes nothing
	h.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(100)})
	runtest.Eventually(t, testTimeout, "a revocation after an ordinary restart", func() bool { return r.Revoked(today(100)) })
	if epoch, err := h.outbox.Epoch(t.Context()); err != nil || epoch != 2 {
		t.Fatalf("epoch %d, want 2: one restore, one new epoch", epoch)
	}
}

func TestMissingBrokerIsReported(t *testing.T) {
	h := newHarness(t)
	h.broker.Close()
	r, f := h.startFollower(partitions)
	runtest.Eventually(t, testTimeout, "the follower's report", func() bool {
		return strings.Contains(f.Trouble(), "no Kafka broker answers")
	})
	if s := r.Freshness(time.Now().UnixMilli()); s.State != revocation.Booting || s.Usable {
		t.Fatalf("state %s, usable %v", s.State, s.Usable)
	}
}

// Reading three of four partitions would miss a quarter of the revocations.
func TestTopicWithAnotherNumberOfPartitionsIsNotRead(t *testing.T) {
	h := newHarness(t)
	h.startPublisher()
	r, f := h.startFollower(partitions + 1)
	runtest.Eventually(t, testTimeout, "the follower's report", func() bool {
		return strings.Contains(f.Trouble(), "has 3 partitions, configured are 4")
	})
	if s := r.Freshness(time.Now().UnixMilli()).State; s != revocation.Booting {
		t.Fatalf("state %s", s)
	}
}

// An operator deletes the topic and creates it again. Running gateways keep their records, and a gateway that
// starts later must learn the records of the old topic, whether the issuer was running at the time or not.
func TestRecreatedTopicLosesNothing(t *testing.T) {
	for name, during := range map[string]bool{"while the issuer runs": true, "while the issuer is down": false} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.startPublisher()
			r, _ := h.startFollower(partitions)
			awaitState(t, r, revocation.Fresh)
			for i := range uint32(30) {
				h.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(i)})
			}
			h.pub.Wake()
			runtest.Eventually(t, testTimeout, "30 revocations", func() bool { return r.Status(0).Revoked == 30 })

			if !during {
				h.stop()
			}
			recreate(t, h.broker.Cluster)
			if !during {
				h.startPublisher()
			}
			runtest.Eventually(t, testTimeout, "a republication", func() bool { return h.pub.Stats().Republications > 0 })
			h.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(99)})
			runtest.Eventually(t, testTimeout, "a revocation through the new topic", func() bool { return r.Revoked(today(99)) })
			awaitState(t, r, revocation.Fresh)
			if n := r.Status(0).Revoked; n != 31 {
				t.Fatalf("the gateway that ran knows %d of 31", n)
			}
			late, _ := h.startFollower(partitions)
			awaitState(t, late, revocation.Fresh)
			if n := late.Status(0).Revoked; n != 31 {
				t.Fatalf("a gateway that starts now knows %d of 31", n)
			}
		})
	}
}

func recreate(t *testing.T, c *kfake.Cluster) {
	t.Helper()
	client := &kafkago.Client{Addr: kafkago.TCP(c.ListenAddrs()...), Timeout: testTimeout}
	if _, err := client.DeleteTopics(t.Context(), &kafkago.DeleteTopicsRequest{Topics: []string{topic}}); err != nil {
		t.Fatal(err)
	}
	r, err := client.CreateTopics(t.Context(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{
		{Topic: topic, NumPartitions: partitions, ReplicationFactor: 1}}})
	if err != nil || r.Errors[topic] != nil {
		t.Fatal(err, r.Errors)
	}
}

// A gateway whose clock is behind applies revocations, serves nothing, and logs the reason; when the clock is
// corrected it is fresh, and logs that, too.
func TestClockThatIsBehindIsLogged(t *testing.T) {
	h := newHarness(t)
	h.startPublisher()
	before, _ := h.startFollower(partitions)
	awaitState(t, before, revocation.Fresh) // so that the log contains messages from before the start
	h.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(1)})
	h.pub.Wake()

	var lag atomic.Int64
	lag.Store(int64(90 * time.Second))
	now := func() time.Time { return time.Now().Add(-time.Duration(lag.Load())) }
	r, err := revocation.NewReplica(revocationtest.Pinned(), partitions, revocation.Limits{}, now().UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	core, lines := observer.New(zap.InfoLevel)
	f := stream.New(opener(h.broker, "gateway"), topic, r, now, zap.New(core))
	background(t, f.Run)
	logged := func(text string) int {
		return lines.Filter(func(e observer.LoggedEntry) bool { return strings.Contains(e.Message, text) }).Len()
	}
	runtest.Eventually(t, testTimeout, "a line about the clock, and the revocation", func() bool {
		return logged("clock is behind the issuer's") == 1 && r.Revoked(today(1))
	})
	if s := r.Status(now().UnixMilli()); s.State != revocation.Booting || !strings.Contains(strings.Join(s.Waiting, " "), "clock is ") {
		t.Fatalf("%s, waiting for %q", s.State, s.Waiting)
	}
	lag.Store(0)
	runtest.Eventually(t, testTimeout, "fresh, and a line that the clocks agree", func() bool {
		return r.Freshness(now().UnixMilli()).State == revocation.Fresh && logged("agree again") == 1
	})
	if n := logged("clock is behind the issuer's"); n != 1 {
		t.Errorf("%d lines in a few seconds", n)
	}
}
