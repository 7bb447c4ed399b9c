package stream_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/revocation/stream"
	"github.com/railgate/railgate/test/harness/runtest"
)

// Database and log were restored from a backup together: issuer and brokers agree with each other, and only
// the gateway, which has lost its snapshots, has seen more. It reports that and does not serve.
func TestHighWaterMarkSurvivesWithoutSnapshots(t *testing.T) {
	h := newHarness(t)
	h.startPublisher()
	dir := t.TempDir()
	first, _, stop := h.startWithSnapshots(dir)
	for i := range uint32(30) {
		h.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(i)})
	}
	h.pub.Wake()
	runtest.Eventually(t, testTimeout, "30 revocations", func() bool { return revoked(first) == 30 })
	stop()
	h.stop()
	for _, name := range []string{"control.snapshot", "control.snapshot.previous"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	recreate(t, h.broker.Cluster)
	h.outbox = revocationtest.NewOutbox(1, partitions)
	h.startPublisher()
	second, _, _ := h.startWithSnapshots(dir)
	runtest.Eventually(t, testTimeout, "the report of an old copy", func() bool {
		w := second.Status(time.Now().UnixMilli()).Waiting
		return len(w) == partitions && strings.Contains(w[0], "an old copy?")
	})
	if s := second.Freshness(time.Now().UnixMilli()); s.State != revocation.Booting {
		t.Fatalf("state %s", s.State)
	}
	if _, err := h.outbox.Republish(t.Context(), 1, time.Now().UnixMilli()); err != nil {
		t.Fatal(err)
	}
	awaitState(t, second, revocation.Fresh) // the issuer republished everything
}

// The file of an earlier version has another name. It is used and gets the present name.
func TestHighWaterMarkOfAnEarlierVersionIsUsed(t *testing.T) {
	dir := t.TempDir()
	feed := revocationtest.NewFeed(time.Now().UnixMilli())
	feed.Revoke(time.Now().UnixMilli(), today(1))
	want := feed.Replica.HighWaterMark(topic)
	if err := os.WriteFile(filepath.Join(dir, "control.ratchet"), want.Encode(), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time from the present name
		r, err := revocation.NewReplica(revocationtest.Pinned(), 1, revocation.Limits{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		stream.Snapshots{Dir: dir}.Restore(r, topic, time.Now(), zap.NewNop())
		if got := r.HighWaterMark(topic); !slices.Equal(got.Marks, want.Marks) {
			t.Fatalf("%+v, want %+v", got.Marks, want.Marks)
		}
	}
}

func TestDamagedHighWaterMarkFileIsIgnored(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "control.high-water-mark"), []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := revocation.NewReplica(revocationtest.Pinned(), partitions, revocation.Limits{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	stream.Snapshots{Dir: dir}.Restore(r, topic, time.Now(), zap.NewNop())
	for _, m := range r.HighWaterMark(topic).Marks {
		if m != (revocation.Mark{}) {
			t.Errorf("a mark from a damaged file: %+v", m)
		}
	}
}
