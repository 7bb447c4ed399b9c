package publish_test

import (
	"context"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/test/harness/runtest"
)

// An operator deletes records of the topic, or its retention is too short, while the issuer runs. A gateway
// that starts later must still learn everything. After the republication the log is whole, although remains
// of older epochs are at its beginning, and an issuer that starts then agrees.
func TestLogThatLostItsBeginningIsRepublished(t *testing.T) {
	t.Parallel()
	const short = 1500 * time.Millisecond
	for name, lose := range map[string]func(*testing.T, *harness){
		"records deleted by hand": func(_ *testing.T, s *harness) { s.deleteRecords() },
		"retention too short": func(t *testing.T, s *harness) {
			began := time.Now()
			runtest.Eventually(t, testTimeout, "the first messages to be forgotten", func() bool {
				if time.Since(began) > short+200*time.Millisecond {
					s.broker.Cluster.ApplyRetention()
				}
				first, _ := s.ends(0)
				return first > 0
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newHarness(t)
			o := revocationtest.NewOutbox(1, partitions)
			o.Add(revocations(0, 30)...)
			retention := func(c *publish.Config) { c.Topic.Retention = short }
			p, stop := s.publish(o, retention)
			runtest.Eventually(t, testTimeout, "30 revocations to be published", func() bool { return p.Stats().Records == 30 })
			s.awaitHeartbeats(p, 4) // the log now begins with another number than 1

			lose(t, s)
			runtest.Eventually(t, testTimeout, "a republication", func() bool { return p.Stats().Republications == 1 })
			o.Add(revocations(30, 1)...)
			g := s.gateway()
			g.mustKnow(31)
			s.awaitHeartbeats(p, 40) // more than 20 checks of the log
			stop()
			p, _ = s.publish(o, retention)
			s.awaitHeartbeats(p, 20)
			if late := s.gateway(); late.read() != 31 {
				t.Fatalf("a gateway that starts now knows %d of 31", late.read())
			}
		})
	}
}

// put appends a batch signed by the authority to the log.
func (s *harness) put(b revocation.Batch) {
	s.t.Helper()
	b.Through = b.IssuedAt
	r, err := s.client.Produce(s.t.Context(), &kafka.ProduceRequest{Topic: topic, Partition: int(b.Partition), RequiredAcks: kafka.RequireAll,
		Records: kafka.NewRecordReader(kafka.Record{Value: kafka.NewBytes(revocationtest.Seal(b))})})
	if err != nil || r.Error != nil {
		s.t.Fatal(err, r.Error)
	}
}

// The beginning of a log, and whether an issuer that starts republishes everything.
func TestWhichBeginningsAreWhole(t *testing.T) {
	t.Parallel()
	old := time.Now().Add(-revocation.MaxSnapshotAge - time.Minute).UnixMilli()
	young := time.Now().Add(-revocation.MaxSnapshotAge + time.Minute).UnixMilli()
	type batches []revocation.Batch
	for name, c := range map[string]struct {
		log         batches
		cut         bool // the log's first offset is not the first that was written
		republished uint64
	}{
		"number 1, and old":                          {batches{{Epoch: 7, First: 1, IssuedAt: old}}, false, 0},
		"number 1, and young":                        {batches{{Epoch: 7, First: 1, IssuedAt: young}}, true, 0},
		"young and in the middle":                    {batches{{Epoch: 7, First: 2, IssuedAt: young}}, true, 1},
		"old and in the middle":                      {batches{{Epoch: 7, First: 2, IssuedAt: old}}, true, 0},
		"old and in the middle, at the first offset": {batches{{Epoch: 7, First: 2, IssuedAt: old}}, false, 1},
		"the middle of an epoch that is over":        {batches{{Epoch: 6, First: 9, IssuedAt: young}, {Epoch: 7, First: 1, IssuedAt: young}}, false, 0},
		"the same, and the newest epoch came later":  {batches{{Epoch: 5, First: 9, IssuedAt: young}, {Epoch: 6, First: 1, IssuedAt: young}}, false, 0},
		"number 1 of a suspended publisher's epoch":  {batches{{Epoch: 7, First: 2, IssuedAt: young}, {Epoch: 6, First: 1, IssuedAt: young}}, true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newHarness(t)
			if err := s.broker.Cluster.CreateTopic(topic, partitions, nil); err != nil {
				t.Fatal(err)
			}
			if c.cut {
				for p := range uint16(partitions) {
					s.put(revocation.Batch{Epoch: 1, Partition: p, First: 1, IssuedAt: old})
				}
				s.deleteRecords()
			}
			o := revocationtest.NewOutbox(7, partitions)
			for p := range partitions {
				for _, b := range append(c.log, revocation.Batch{Epoch: 7, First: 3, IssuedAt: young}) {
					b.Partition = uint16(p)
					s.put(b)
				}
				o.Add(revocations(p, 1)...)
				o.Add(revocations(p+partitions, 1)...)
				if err := o.MarkPublished(t.Context(), 7, p, 2); err != nil {
					t.Fatal(err)
				}
			}
			p, stop := s.publish(o)
			runtest.Eventually(t, testTimeout, "heartbeats", func() bool { return p.Stats().Heartbeats > 10 })
			if n := p.Stats().Republications; n != c.republished {
				t.Fatalf("%d republications, want %d", n, c.republished)
			}
			stop()
			p, _ = s.publish(o)
			runtest.Eventually(t, testTimeout, "heartbeats", func() bool { return p.Stats().Heartbeats > 10 })
			if n := p.Stats().Republications; n != 0 {
				t.Fatal("republished again although the log is whole")
			}
		})
	}
}

// Faults in the topic's settings are counted and do not stop publishing.
func TestTopicFaultsAreCounted(t *testing.T) {
	t.Parallel()
	s := newHarness(t)
	p, _ := s.publish(revocationtest.NewOutbox(1, partitions), func(c *publish.Config) {
		c.TopicFaults = func(context.Context) ([]string, error) { return []string{"one", "another"}, nil }
	})
	s.awaitHeartbeats(p, 2)
	if n := p.Stats().TopicFaults; n != 2 {
		t.Fatalf("%d faults, want 2", n)
	}
}
