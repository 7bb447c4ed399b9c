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

// killed is an outbox whose owner dies without giving the lease back.
type killed struct{ publish.Outbox }

func (killed) Resign(context.Context) error { return nil }

// pair is one outbox in the hands of two issuers, and a way to revoke n
// credentials more.
type pair struct {
	first, second publish.Outbox
	revoke        func(n int)
}

func pairs() map[string]func(*testing.T) pair {
	return map[string]func(*testing.T) pair{
		"memory": func(*testing.T) pair {
			o, said := revocationtest.NewOutbox(1, partitions), 0
			return pair{o, o.Share(), func(n int) { o.Add(revocations(said, n)...); said += n }}
		},
		"sqlite": func(t *testing.T) pair {
			path := filepath.Join(t.TempDir(), "issuer.db")
			var mu sync.Mutex
			var said []revocation.Record // mu; what the owner of the credentials would publish again
			inForce := func(context.Context, *database.DB, *sql.Tx, database.Millis) ([]revocation.Record, error) {
				mu.Lock()
				defer mu.Unlock()
				return slices.Clone(said), nil
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
				for _, r := range revocations(len(said), n) {
					box := o[len(said)%2]
					w := &outbox.Write{Serial: r.Serial, Run: func(ctx context.Context, tx *sql.Tx) error { return box.Enqueue(ctx, tx, r) }}
					if err := box.Do(t.Context(), w); err != nil {
						t.Fatal(err)
					}
					mu.Lock()
					said = append(said, r)
					mu.Unlock()
				}
			}}
		},
	}
}

// Two issuers share a database. One publishes. When it dies the other takes over
// as soon as the lease has ended, and gateways miss nothing.
func TestAnotherTakesOver(t *testing.T) {
	t.Parallel()
	for name, open := range pairs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStation(t)
			o := open(t)
			first, kill := s.publish(killed{o.first})
			runtest.Eventually(t, patience, "the first to publish", func() bool { return first.Stats().Heartbeats > 0 })
			second, _ := s.publish(o.second)
			g := s.gateway()
			o.revoke(5)
			g.mustKnow(5)
			time.Sleep(publish.LeaseTime + publish.LeaseTime/2) // the second asks several times meanwhile
			if st := second.Stats(); st.Leading || st.Batches+st.Heartbeats != 0 || !first.Stats().Leading {
				t.Fatalf("both publish: the second has sent %d messages", st.Batches+st.Heartbeats)
			}
			kill()
			died := time.Now()
			o.revoke(5)
			runtest.Eventually(t, publish.LeaseTime+1500*time.Millisecond, "the second to take over", func() bool { return second.Stats().Heartbeats > 0 })
			t.Logf("took over after %v", time.Since(died))
			g.mustKnow(10)
			if late := s.gateway(); late.read() != 10 || late.doubts != 0 || g.doubts != 0 {
				t.Fatalf("gateways doubt %d and %d messages", late.doubts, g.doubts)
			}
			if n := second.Stats().Republications; n != 0 || first.Stats().Leading {
				t.Fatalf("%d restatements: nothing was lost", n)
			}
		})
	}
}

// An issuer that stops gives its lease back.
func TestAnotherNeedNotWait(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	o := revocationtest.NewOutbox(1, partitions)
	first, stop := s.publish(o)
	runtest.Eventually(t, patience, "the first to publish", func() bool { return first.Stats().Heartbeats > 0 })
	stop()
	if leading, err := o.Share().Lead(t.Context()); err != nil || !leading {
		t.Fatalf("leading %v: %v", leading, err)
	}
}

// sleeper is an outbox whose owner falls asleep when it is to mark, as when its machine
// is suspended: nothing of it moves, no renewal either, until it is woken.
type sleeper struct {
	publish.Outbox
	asleep chan struct{} // closed when it sleeps
	woken  chan struct{}
	once   sync.Once
}

func (s *sleeper) TakeRecords(ctx context.Context, epoch uint64, partition int, done uint64, limit int) (publish.Pending, error) {
	if done > 0 {
		s.once.Do(func() { close(s.asleep) })
		<-s.woken
		ctx = context.WithoutCancel(ctx)
	}
	return s.Outbox.TakeRecords(ctx, epoch, partition, done, limit)
}

func (s *sleeper) MarkPublished(ctx context.Context, epoch uint64, partition int, last uint64) error {
	s.once.Do(func() { close(s.asleep) })
	<-s.woken
	return s.Outbox.MarkPublished(context.WithoutCancel(ctx), epoch, partition, last)
}

func (s *sleeper) Lead(ctx context.Context) (bool, error) {
	select {
	case <-s.asleep:
		<-s.woken
	default:
	}
	return s.Outbox.Lead(ctx)
}

// A publisher sleeps between publishing and marking; another takes over and
// everything is said again in a new epoch. What the sleeper then wants to mark
// has become something else: nothing may be lost by it.
func TestASleeperLosesNothing(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	o := revocationtest.NewOutbox(1, partitions)
	o.Add(revocations(0, 20)...)
	sleepy := &sleeper{Outbox: o, asleep: make(chan struct{}), woken: make(chan struct{})}
	_, _ = s.publish(sleepy)
	<-sleepy.asleep
	other := o.Share()
	second, _ := s.publish(other)
	runtest.Eventually(t, patience, "the second to take over", func() bool { return second.Stats().Heartbeats > 0 })
	if _, err := other.Republish(t.Context(), 0, time.Now().UnixMilli()); err != nil {
		t.Fatal(err)
	}
	close(sleepy.woken)
	o.Add(revocations(20, 20)...)
	late := s.gateway()
	late.mustKnow(40)
	runtest.Eventually(t, patience, "the outbox to be empty", func() bool { return o.Waiting() == 0 })
	if late.read(); late.doubts != 0 {
		t.Fatalf("the gateway doubts %d messages", late.doubts)
	}
}

// dozer is a sleeper that falls asleep before that: with records in hand that
// are not sent yet.
type dozer struct{ *sleeper }

func (d dozer) TakeRecords(ctx context.Context, epoch uint64, partition int, done uint64, limit int) (publish.Pending, error) {
	p, err := d.Outbox.TakeRecords(ctx, epoch, partition, done, limit)
	if len(p.Records) > 0 {
		d.once.Do(func() { close(d.asleep); <-d.woken })
	}
	return p, err
}

// deaf is a broker whose caller, just woken, has not noticed yet that its time is
// over.
type deaf struct{ *kafka.Client }

func (b deaf) Produce(ctx context.Context, r *kafka.ProduceRequest) (*kafka.ProduceResponse, error) {
	return b.Client.Produce(context.WithoutCancel(ctx), r)
}

// A publisher sleeps before it sends, and another takes over in the same epoch.
// What then lands late is a repetition to gateways, not a contradiction, though
// it lands behind numbers that are greater.
func TestALateMessageIsARepetition(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	o := revocationtest.NewOutbox(1, partitions)
	o.Add(revocations(0, 20)...)
	sleepy := &sleeper{Outbox: o, asleep: make(chan struct{}), woken: make(chan struct{})}
	s.publish(dozer{sleepy}, func(c *publish.Config) { c.Broker = deaf{s.client} })
	<-sleepy.asleep
	second, _ := s.publish(o.Share())
	runtest.Eventually(t, patience, "the second to publish all", func() bool { return second.Stats().Records == 20 })
	o.Add(revocations(20, 20)...)
	runtest.Eventually(t, patience, "the second to publish more", func() bool { return second.Stats().Records == 40 })
	landed := func() (n int64) {
		for p := range partitions {
			_, end := s.ends(p)
			n += end
		}
		return n
	}
	before := landed()
	close(sleepy.woken)
	runtest.Eventually(t, patience, "more messages", func() bool { return landed() > before+10 })
	g := s.gateway()
	g.mustKnow(40)
	if g.doubts != 0 || second.Stats().Republications != 0 {
		t.Fatalf("the gateway doubts %d messages, %d restatements", g.doubts, second.Stats().Republications)
	}
}

// broken is an outbox that can stop answering when asked for the lease.
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

// Who cannot renew for as long as a lease lasts stops: another may have it. It
// goes on when it has the lease again.
func TestWhoCannotRenewStops(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	b := &broken{Outbox: revocationtest.NewOutbox(1, partitions)}
	p, _ := s.publish(b)
	runtest.Eventually(t, patience, "heartbeats", func() bool { return p.Stats().Heartbeats > 0 })
	b.off.Store(true)
	runtest.Eventually(t, publish.LeaseTime+time.Second, "the publisher to stop", func() bool { return !p.Stats().Leading })
	sent := p.Stats().Heartbeats
	time.Sleep(5 * heartbeat)
	if now := p.Stats().Heartbeats; now != sent {
		t.Fatalf("%d heartbeats without a lease", now-sent)
	}
	b.off.Store(false)
	runtest.Eventually(t, patience, "the publisher to go on", func() bool { return p.Stats().Heartbeats > sent })
}
