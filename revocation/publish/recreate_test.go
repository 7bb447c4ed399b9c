package publish_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/test/harness/runtest"
)

// A broker restarts empty under a running publisher. The publisher reports that it cannot publish and since
// when, creates the topic, and republishes everything: revocations from before and during the loss.
func TestLostTopicIsRecreated(t *testing.T) {
	t.Parallel()
	s := newHarness(t)
	core, lines := observer.New(zap.InfoLevel)
	o := revocationtest.NewOutbox(1, partitions)
	o.Add(revocations(0, 30)...)
	p, _ := s.publish(o, func(c *publish.Config) { c.Log = zap.New(core) })
	runtest.Eventually(t, testTimeout, "30 revocations to be published", func() bool { return p.Stats().Records == 30 })
	s.awaitHeartbeats(p, 4)

	lost := time.Now()
	if err := s.broker.Cluster.DeleteTopic(topic); err != nil {
		t.Fatal(err)
	}
	o.Add(revocations(30, 5)...)
	runtest.Eventually(t, testTimeout, "the publisher to report that publishing fails", func() bool { return p.Stats().Failing != "" })
	if st := p.Stats(); st.FailingSince.Before(lost) || !strings.Contains(strings.ToLower(st.Failing), "topic") {
		t.Errorf("failing since %v with %q, the topic was lost at %v", st.FailingSince, st.Failing, lost)
	}
	runtest.Eventually(t, testTimeout, "a republication", func() bool { return p.Stats().Republications == 1 })
	g := s.gateway()
	g.mustKnow(35)
	runtest.Eventually(t, testTimeout, "publishing to work", func() bool { return p.Stats().Failing == "" })
	s.awaitHeartbeats(p, 10)
	if g.contradictions > 0 {
		t.Errorf("%d messages contradict the log", g.contradictions)
	}

	// One line at the start, however often it was retried, and one at the end.
	runtest.Eventually(t, testTimeout, "the end of the outage in the log", func() bool { return lines.FilterMessage("publishing works again").Len() == 1 })
	if n, tries := lines.FilterMessage("publishing fails; trying again").Len(), p.Stats().Failures; n != 1 || tries < 5 {
		t.Errorf("%d lines for %d failures, want 1 for many", n, tries)
	}
	if n := lines.FilterMessageSnippet("the topic is gone").Len(); n < 1 || n > partitions {
		t.Errorf("%d lines report that the topic is gone", n)
	}
	if n := lines.FilterMessage("publishing began").Len(); n != 2 {
		t.Errorf("publishing began %d times, want 2", n)
	}
}

// misplaced is an outbox that belongs to another stream than the one in its owner's settings.
type misplaced struct{ *revocationtest.Outbox }

func (misplaced) Epoch(context.Context) (uint64, error) {
	return 0, fmt.Errorf("%w: topic A, the settings name B", publish.ErrOtherStream)
}

// A publisher with wrong settings ends and creates no topic.
func TestPublisherWithAnotherStreamsOutboxEnds(t *testing.T) {
	t.Parallel()
	s := newHarness(t)
	p := publish.New(publish.Config{
		Broker: s.client, Topic: publish.Topic{Name: topic, Partitions: partitions, Replication: 1}, Outbox: misplaced{revocationtest.NewOutbox(1, partitions)},
		Authority: revocationtest.Authority, Now: time.Now, Log: zap.NewNop(),
	})
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	defer cancel()
	if err := p.Run(ctx); !errors.Is(err, publish.ErrOtherStream) {
		t.Fatalf("Run ended with %v", err)
	}
	if info := s.broker.Cluster.TopicInfo(topic); info != nil {
		t.Fatal("it created the topic")
	}
}
