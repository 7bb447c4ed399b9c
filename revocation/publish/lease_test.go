package publish_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/test/harness/runtest"
)

// killed is an outbox whose owner dies without releasing the lease.
type killed struct{ publish.Outbox }

func (killed) Resign(context.Context) error { return nil }

// pair is one outbox with two owners, and a function that revokes n more credentials.
type pair struct {
	first, second publish.Outbox
	revoke        func(n int)
}

func pairs() map[string]func(*testing.T) pair {
	return map[string]func(*testing.T) pair{
		"memory": func(*testing.T) pair {
			o, added := revocationtest.NewOutbox(1, partitions), 0
			return pair{o, o.Share(), func(n int) { o.Add(revocations(added, n)...); added += n }}
		},
		"sqlite": func(t *testing.T) pair {
			path := filepath.Join(t.TempDir(), "issuer.db")
			var mu sync.Mutex
			var added []revocation.Record // guarded by mu; the records that a republication would contain
			inForce := func(context.Context, *database.DB, *sql.Tx, database.Millis) ([]revocation.Record, error) {
				mu.Lock()
				defer mu.Unlock()
				return slices.Clone(added), nil
			}
			var o [2]*outbox.Outbox
			for i := range o {
				var err error
				if o[i], err = outbox.Open(t.Context(), outbox.Config{Database: path, Partitions: partitions, Sources: []outbox.Source{inForce}}); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { o[i].Close() })
			}
			return pair{o[0], o[1], func(n int) {
				t.Helper()
				for _, r := range revocations(len(added), n) {
					box := o[len(added)%2]
					w := &outbox.Write{Serial: r.Serial, Run: func(ctx context.Context, tx *sql.Tx) error { return box.Enqueue(ctx, tx, r) }}
					if err := box.Do(t.Context(), w); err != nil {
						t.Fatal(err)
					}
					mu.Lock()
					added = append(added, r)
					mu.Unlock()
				}
			}}
		},
	}
}

// Two issuers share a database, and one publishes. When it dies the other takes over as soon as the lease has
// ended, and gateways miss no record.
func TestSecondPublisherTakesOver(t *testing.T) {
	t.Parallel()
	for name, open := range pairs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newHarness(t)
			o := open(t)
			first, kill := s.publish(killed{o.first})
			runtest.Eventually(t, testTimeout, "the first to publish", func() bool { return first.Stats().Heartbeats > 0 })
			second, _ := s.publish(o.second)
			g := s.gateway()
			o.revoke(5)
			g.mustKnow(5)
			time.Sleep(publish.LeaseTime + publish.LeaseTime/2) // the second asks for the lease several times meanwhile
			if st := second.Stats(); st.Leading || st.Batches+st.Heartbeats != 0 || !first.Stats().Leading {
				t.Fatalf("both publish: the second has sent %d messages", st.Batches+st.Heartbeats)
			}
			kill()
			died := time.Now()
			o.revoke(5)
			runtest.Eventually(t, publish.LeaseTime+1500*time.Millisecond, "the second to take over", func() bool { return second.Stats().Heartbeats > 0 })
			t.Logf("took over after %v", time.Since(died))
			g.mustKnow(10)
			if late := s.gateway(); late.read() != 10 || late.contradictions != 0 || g.contradictions != 0 {
				t.Fatalf("%d and %d messages contradict earlier ones", late.contradictions, g.contradictions)
			}
			if n := second.Stats().Republications; n != 0 || first.Stats().Leading {
				t.Fatalf("%d republications although no record was lost", n)
			}
		})
	}
}

// An issuer that stops releases its lease.
func TestStoppedPublisherReleasesTheLease(t *testing.T) {
	t.Parallel()
	s := newHarness(t)
	o := revocationtest.NewOutbox(1, partitions)
	first, stop := s.publish(o)
	runtest.Eventually(t, testTimeout, "the first to publish", func() bool { return first.Stats().Heartbeats > 0 })
	stop()
	if leading, err := o.Share().Lead(t.Context()); err != nil || !leading {
		t.Fatalf("leading %v: %v", leading, err)
	}
}

// suspendedOutbox is an outbox whose owner stops when it is about to mark records, like a suspended machine:
// no call continues, not even a renewal, until resumed is closed.
type suspendedOutbox struct {
	publish.Outbox
	stopped chan struct{} // closed when it stops
	resumed chan struct{}
	once    sync.Once
}

func (s *suspendedOutbox) TakeRecords(ctx context.Context, epoch uint64, partition int, done uint64, limit int) (publish.Pending, error) {
	if done > 0 {
		s.once.Do(func() { close(s.stopped) })
		<-s.resumed
		ctx = context.WithoutCancel(ctx)
	}
	return s.Outbox.TakeRecords(ctx, epoch, partition, done, limit)
}

func (s *suspendedOutbox) MarkPublished(ctx context.Context, epoch uint64, partition int, last uint64) error {
	s.once.Do(func() { close(s.stopped) })
	<-s.resumed
	return s.Outbox.MarkPublished(context.WithoutCancel(ctx), epoch, partition, last)
}

func (s *suspendedOutbox) Lead(ctx context.Context) (bool, error) {
	select {
	case <-s.stopped:
		<-s.resumed
	default:
	}
	return s.Outbox.Lead(ctx)
}

// A publisher is suspended between publishing and marking; another takes over and republishes everything in a
// new epoch. The numbers that the first publisher then marks belong to other records now, and no record may
// be lost.
func TestSuspendedPublisherLosesNothing(t *testing.T) {
	t.Parallel()
	s := newHarness(t)
	o := revocationtest.NewOutbox(1, partitions)
	o.Add(revocations(0, 20)...)
	suspended := &suspendedOutbox{Outbox: o, stopped: make(chan struct{}), resumed: make(chan struct{})}
	_, _ = s.publish(suspended)
	<-suspended.stopped
	other := o.Share()
	second, _ := s.publish(other)
	runtest.Eventually(t, testTimeout, "the second to take over", func() bool { return second.Stats().Heartbeats > 0 })
	if _, err := other.Republish(t.Context(), 0, time.Now().UnixMilli()); err != nil {
		t.Fatal(err)
	}
	close(suspended.resumed)
	o.Add(revocations(20, 20)...)
	late := s.gateway()
	late.mustKnow(40)
	runtest.Eventually(t, testTimeout, "the outbox to be empty", func() bool { return o.Waiting() == 0 })
	if late.read(); late.contradictions != 0 {
		t.Fatalf("%d messages contradict earlier ones", late.contradictions)
	}
}

// lateSender is suspended earlier: after it has received records and before it sends them.
type lateSender struct{ *suspendedOutbox }

func (d lateSender) TakeRecords(ctx context.Context, epoch uint64, partition int, done uint64, limit int) (publish.Pending, error) {
	p, err := d.Outbox.TakeRecords(ctx, epoch, partition, done, limit)
	if len(p.Records) > 0 {
		d.once.Do(func() { close(d.stopped); <-d.resumed })
	}
	return p, err
}

// uncancelledBroker is a broker whose caller, just resumed, has not noticed yet that its context has ended.
type uncancelledBroker struct{ *kafka.Client }

func (b uncancelledBroker) Produce(ctx context.Context, r *kafka.ProduceRequest) (*kafka.ProduceResponse, error) {
	return b.Client.Produce(context.WithoutCancel(ctx), r)
}

// A publisher is suspended before it sends, and another takes over in the same epoch. Its late message is a
// repetition to gateways, not a contradiction, although it follows greater numbers.
func TestLateMessageIsARepetition(t *testing.T) {
	t.Parallel()
	s := newHarness(t)
	o := revocationtest.NewOutbox(1, partitions)
	o.Add(revocations(0, 20)...)
	suspended := &suspendedOutbox{Outbox: o, stopped: make(chan struct{}), resumed: make(chan struct{})}
	s.publish(lateSender{suspended}, func(c *publish.Config) { c.Broker = uncancelledBroker{s.client} })
	<-suspended.stopped
	second, _ := s.publish(o.Share())
	runtest.Eventually(t, testTimeout, "the second to publish all", func() bool { return second.Stats().Records == 20 })
	o.Add(revocations(20, 20)...)
	runtest.Eventually(t, testTimeout, "the second to publish more", func() bool { return second.Stats().Records == 40 })
	landed := func() (n int64) {
		for p := range partitions {
			_, end := s.ends(p)
			n += end
		}
		return n
	}
	before := landed()
	close(suspended.resumed)
	runtest.Eventually(t, testTimeout, "more messages", func() bool { return landed() > before+10 })
	g := s.gateway()
	g.mustKnow(40)
	if g.contradictions != 0 || second.Stats().Republications != 0 {
		t.Fatalf("%d messages contradict earlier ones, %d republications", g.contradictions, second.Stats().Republications)
	}
}

// broken is an outbox that can stop answering calls of Lead.
type broken struct {
	publish.Outbox
	off atomic.Bool
}

func (b *broken) Lead(ctx context.Context) (bool, error) {
	if b.off.Load() {
		return false, errors.New("no answer")
	}
	return b.Outbox.Lead(ctx)
}

// A publisher that cannot renew for the duration of a lease stops, because another may have it. It continues
// when it has the lease again.
func TestPublisherStopsWhenItCannotRenew(t *testing.T) {
	t.Parallel()
	s := newHarness(t)
	b := &broken{Outbox: revocationtest.NewOutbox(1, partitions)}
	p, _ := s.publish(b)
	runtest.Eventually(t, testTimeout, "heartbeats", func() bool { return p.Stats().Heartbeats > 0 })
	b.off.Store(true)
	runtest.Eventually(t, publish.LeaseTime+time.Second, "the publisher to stop", func() bool { return !p.Stats().Leading })
	sent := p.Stats().Heartbeats
	time.Sleep(5 * heartbeat)
	if now := p.Stats().Heartbeats; now != sent {
		t.Fatalf("%d heartbeats without a lease", now-sent)
	}
	b.off.Store(false)
	runtest.Eventually(t, testTimeout, "the publisher to continue", func() bool { return p.Stats().Heartbeats > sent })
}
