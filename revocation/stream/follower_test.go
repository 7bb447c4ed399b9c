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
	topic      = "railgate.control"
	partitions = 3
	patience   = 10 * time.Second
)

// line is a broker with the issuer's end running; gateways are added to it.
type line struct {
	t      *testing.T
	broker *fakekafka.Broker
	outbox *revocationtest.Outbox
	pub    *publish.Publisher
	stop   func()
}

func newLine(t *testing.T) *line {
	t.Helper()
	b, err := fakekafka.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return &line{t: t, broker: b, outbox: revocationtest.NewOutbox(1, partitions)}
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

// issue runs the publisher until stop or the end of the test.
func (l *line) issue() {
	l.t.Helper()
	link := openLink(l.t, l.broker, "issuer")
	l.pub = publish.New(publish.Config{
		Broker: link, Topic: publish.Topic{Name: topic, Partitions: partitions, Replication: 1},
		Outbox: l.outbox, Authority: revocationtest.Authority,
		Heartbeat: 100 * time.Millisecond, Now: time.Now, Log: zap.NewNop(),
	})
	l.stop = background(l.t, func(ctx context.Context) { l.pub.Run(ctx); link.Close() })
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

func (l *line) follow(width int) (*revocation.Replica, *stream.Follower) {
	l.t.Helper()
	r, err := revocation.NewReplica(revocationtest.Pinned(), width, revocation.Limits{}, time.Now().UnixMilli())
	if err != nil {
		l.t.Fatal(err)
	}
	f := stream.New(opener(l.broker, "gateway"), topic, r, time.Now, zap.NewNop())
	background(l.t, f.Run)
	return r, f
}

func awaitState(t *testing.T, r *revocation.Replica, want revocation.State) {
	t.Helper()
	runtest.Eventually(t, patience, "state "+want.String(), func() bool {
		return r.Freshness(time.Now().UnixMilli()).State == want
	})
}

func today(index uint32) tokens.Serial {
	return tokens.Serial{Day: uint16(tokens.DayOf(time.Now().Unix())), Index: index}
}

func TestWhatIsCommittedReachesEveryGateway(t *testing.T) {
	l := newLine(t)
	l.issue()
	issuer := tokentest.NewIssuer(7)
	l.outbox.Add(revocation.Record{Kind: revocation.KindAnnounceKey, Key: 7, Public: issuer.Signer.Public()})
	first, _ := l.follow(partitions)
	awaitState(t, first, revocation.Fresh)
	if first.Key(7) == nil {
		t.Fatal("fresh, but the key announced before is unknown")
	}
	for i := range uint32(500) {
		l.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(i)})
	}
	l.pub.Wake()
	late, _ := l.follow(partitions)
	awaitState(t, late, revocation.Fresh)
	for i := range uint32(500) {
		if !late.Revoked(today(i)) {
			t.Fatalf("a gateway that started late is fresh without revocation %d", i)
		}
	}
	runtest.Eventually(t, patience, "all 500 at the first gateway", func() bool {
		return first.Status(time.Now().UnixMilli()).Revoked == 500
	})
}

// An issuer that dies and comes back repeats or continues its numbers; no
// gateway sees a gap, and nothing committed meanwhile is lost.
func TestTheIssuerMayCrashBetweenPublishingAndMarking(t *testing.T) {
	l := newLine(t)
	l.issue()
	r, _ := l.follow(partitions)
	awaitState(t, r, revocation.Fresh)
	l.outbox.FailNext(5) // some of these hit Published, after the broker has the batch
	for i := range uint32(50) {
		l.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(i)})
		l.pub.Wake()
	}
	l.stop()
	l.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(77)})
	l.issue()
	runtest.Eventually(t, patience, "all 50 and the one made while the issuer was down", func() bool {
		return r.Status(0).Revoked == 51 && r.Revoked(today(77))
	})
	if s := r.Status(time.Now().UnixMilli()); s.Counts.Outcomes[revocation.Gap] != 0 || s.State != revocation.Fresh {
		t.Fatalf("state %s, %d gaps", s.State, s.Counts.Outcomes[revocation.Gap])
	}
}

// An issuer's database comes back from a backup: its next numbers were given to
// other records since. Gateways would take the new ones for repetitions, so the
// publisher must notice and start a new epoch.
func TestADatabaseRestoredFromABackupLosesNothing(t *testing.T) {
	l := newLine(t)
	l.issue()
	r, _ := l.follow(partitions)
	awaitState(t, r, revocation.Fresh)
	for i := range uint32(30) {
		l.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(i)})
	}
	l.pub.Wake()
	runtest.Eventually(t, patience, "30 revocations", func() bool { return r.Status(0).Revoked == 30 })
	l.stop()

	l.outbox = revocationtest.NewOutbox(1, partitions) // the backup: the same epoch, from before the 30
	l.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(99)})
	l.issue()
	runtest.Eventually(t, patience, "the revocation after the restore", func() bool { return r.Revoked(today(99)) })
	if s := r.Status(0); s.Revoked != 31 || s.Counts.Outcomes[revocation.Gap] != 0 {
		t.Fatalf("%d revoked, %d gaps", s.Revoked, s.Counts.Outcomes[revocation.Gap])
	}
	late, _ := l.follow(partitions)
	awaitState(t, late, revocation.Fresh)
	if n := late.Status(0).Revoked; n != 31 {
		t.Fatalf("a gateway that starts now knows %d of 31", n)
	}

	l.stop()
	l.issue() // an ordinary restart changes nothing
	l.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(100)})
	runtest.Eventually(t, patience, "a revocation after an ordinary restart", func() bool { return r.Revoked(today(100)) })
	if epoch, err := l.outbox.Epoch(t.Context()); err != nil || epoch != 2 {
		t.Fatalf("epoch %d, want 2: one restore, one new epoch", epoch)
	}
}

func TestWithoutABrokerTheGatewaySaysSo(t *testing.T) {
	l := newLine(t)
	l.broker.Close()
	r, f := l.follow(partitions)
	runtest.Eventually(t, patience, "the follower's complaint", func() bool {
		return strings.Contains(f.Trouble(), "no Kafka broker answers")
	})
	if s := r.Freshness(time.Now().UnixMilli()); s.State != revocation.Booting || s.Usable {
		t.Fatalf("state %s, usable %v", s.State, s.Usable)
	}
}

// Reading three of four partitions would miss a quarter of the revocations.
func TestATopicOfAnotherWidthIsNotRead(t *testing.T) {
	l := newLine(t)
	l.issue()
	r, f := l.follow(partitions + 1)
	runtest.Eventually(t, patience, "the follower's complaint", func() bool {
		return strings.Contains(f.Trouble(), "has 3 partitions, configured are 4")
	})
	if s := r.Freshness(time.Now().UnixMilli()).State; s != revocation.Booting {
		t.Fatalf("state %s", s)
	}
}

// An operator deletes the topic and makes it again. Gateways that run must not
// forget, and a gateway that starts afterwards must learn what the old topic held,
// whether the issuer was running at the time or not.
func TestATopicMadeAgainDropsNothing(t *testing.T) {
	for name, during := range map[string]bool{"while the issuer runs": true, "while the issuer is down": false} {
		t.Run(name, func(t *testing.T) {
			l := newLine(t)
			l.issue()
			r, _ := l.follow(partitions)
			awaitState(t, r, revocation.Fresh)
			for i := range uint32(30) {
				l.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(i)})
			}
			l.pub.Wake()
			runtest.Eventually(t, patience, "30 revocations", func() bool { return r.Status(0).Revoked == 30 })

			if !during {
				l.stop()
			}
			recreate(t, l.broker.Cluster)
			if !during {
				l.issue()
			}
			runtest.Eventually(t, patience, "a restatement", func() bool { return l.pub.Stats().Republications > 0 })
			l.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(99)})
			runtest.Eventually(t, patience, "a revocation through the new topic", func() bool { return r.Revoked(today(99)) })
			awaitState(t, r, revocation.Fresh)
			if n := r.Status(0).Revoked; n != 31 {
				t.Fatalf("the gateway that ran knows %d of 31", n)
			}
			late, _ := l.follow(partitions)
			awaitState(t, late, revocation.Fresh)
			if n := late.Status(0).Revoked; n != 31 {
				t.Fatalf("a gateway that starts now knows %d of 31", n)
			}
		})
	}
}

func recreate(t *testing.T, c *kfake.Cluster) {
	t.Helper()
	client := &kafkago.Client{Addr: kafkago.TCP(c.ListenAddrs()...), Timeout: patience}
	if _, err := client.DeleteTopics(t.Context(), &kafkago.DeleteTopicsRequest{Topics: []string{topic}}); err != nil {
		t.Fatal(err)
	}
	r, err := client.CreateTopics(t.Context(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{
		{Topic: topic, NumPartitions: partitions, ReplicationFactor: 1}}})
	if err != nil || r.Errors[topic] != nil {
		t.Fatal(err, r.Errors)
	}
}

// A gateway whose clock is behind knows what is revoked, serves nothing, and the log
// says why; when the clock is set it is fresh, and the log says that, too.
func TestAClockThatIsBehindIsLogged(t *testing.T) {
	l := newLine(t)
	l.issue()
	before, _ := l.follow(partitions)
	awaitState(t, before, revocation.Fresh) // so that the log holds something from before the start
	l.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(1)})
	l.pub.Wake()

	var lag atomic.Int64
	lag.Store(int64(90 * time.Second))
	now := func() time.Time { return time.Now().Add(-time.Duration(lag.Load())) }
	r, err := revocation.NewReplica(revocationtest.Pinned(), partitions, revocation.Limits{}, now().UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	core, lines := observer.New(zap.InfoLevel)
	f := stream.New(opener(l.broker, "gateway"), topic, r, now, zap.New(core))
	background(t, f.Run)
	said := func(text string) int {
		return lines.Filter(func(e observer.LoggedEntry) bool { return strings.Contains(e.Message, text) }).Len()
	}
	runtest.Eventually(t, patience, "a line about the clock, and the revocation", func() bool {
		return said("clock is behind the issuer's") == 1 && r.Revoked(today(1))
	})
	if s := r.Status(now().UnixMilli()); s.State != revocation.Booting || !strings.Contains(strings.Join(s.Waiting, " "), "clock is ") {
		t.Fatalf("%s, waiting for %q", s.State, s.Waiting)
	}
	lag.Store(0)
	runtest.Eventually(t, patience, "fresh, and a line that the clocks agree", func() bool {
		return r.Freshness(now().UnixMilli()).State == revocation.Fresh && said("agree again") == 1
	})
	if n := said("clock is behind the issuer's"); n != 1 {
		t.Errorf("%d lines in a few seconds", n)
	}
}
