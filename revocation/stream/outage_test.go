package stream_test

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/revocation/stream"
	"github.com/railgate/railgate/test/harness/runtest"
)

// A broker shuts down. The follower retries many times, writes one log line, reports why and since when, and
// counts no error as damaged data.
func TestStoppedBrokerCausesOneLogLine(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.startPublisher()
	replica, err := revocation.NewReplica(revocationtest.Pinned(), partitions, revocation.Limits{}, time.Now().UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	core, lines := observer.New(zapcore.InfoLevel)
	f := stream.New(opener(h.broker, "gateway"), topic, replica, time.Now, zap.New(core))
	background(t, f.Run)
	runtest.Eventually(t, testTimeout, "a fresh replica", func() bool { return replica.Freshness(time.Now().UnixMilli()).State == revocation.Fresh })
	if why := f.Why(); why != "" {
		t.Errorf("all is well, and the follower reports %q", why)
	}
	h.stop()
	stopped := time.Now()
	h.broker.Close()
	tries := func() (n uint64) {
		for _, k := range f.Stats().Errors {
			n += k
		}
		return n
	}
	runtest.Eventually(t, 3*testTimeout, "30 failed reads", func() bool { return tries() >= 30 })
	if n := f.Stats().Errors["data"]; n != 0 {
		t.Errorf("%d failed reads are counted as damaged data, of %v", n, f.Stats().Errors)
	}
	if since := f.Stats().FailingSince; since.Before(stopped.Add(-time.Second)) {
		t.Errorf("reads have failed since %v, and the broker stopped at %v", since, stopped)
	}
	if why := f.Why(); !strings.HasPrefix(why, "Kafka cannot be read since 20") {
		t.Errorf("the follower reports %q", why)
	}
	if n := lines.FilterMessage("reading the topic fails; trying again").Len(); n != 1 && time.Since(stopped) < 50*time.Second {
		t.Errorf("%d lines for %d failed reads, want 1", n, tries())
	}
	if loud := lines.Filter(func(e observer.LoggedEntry) bool { return e.Level >= zapcore.WarnLevel }).Len(); loud > 3 {
		t.Errorf("%d warnings and errors in one outage: %v", loud, lines.All())
	}
}
