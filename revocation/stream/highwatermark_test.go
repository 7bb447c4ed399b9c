package stream_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/revocation/stream"
	"github.com/railgate/railgate/test/harness/runtest"
)

// Database and log come back from a backup together: issuer and brokers agree
// with each other, and only the gateway, which has lost its snapshots too, has
// seen more. It says so and does not serve.
func TestTheRatchetOutlivesTheSnapshots(t *testing.T) {
	l := newLine(t)
	l.issue()
	dir := t.TempDir()
	first, _, stop := l.keeper(dir)
	for i := range uint32(30) {
		l.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(i)})
	}
	l.pub.Wake()
	runtest.Eventually(t, patience, "30 revocations", func() bool { return revoked(first) == 30 })
	stop()
	l.stop()
	for _, name := range []string{"control.snapshot", "control.snapshot.previous"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	recreate(t, l.broker.Cluster)
	l.outbox = revocationtest.NewOutbox(1, partitions)
	l.issue()
	second, _, _ := l.keeper(dir)
	runtest.Eventually(t, patience, "the complaint about an old copy", func() bool {
		w := second.Status(time.Now().UnixMilli()).Waiting
		return len(w) == partitions && strings.Contains(w[0], "an old copy?")
	})
	if s := second.Freshness(time.Now().UnixMilli()); s.State != revocation.Booting {
		t.Fatalf("state %s", s.State)
	}
	if _, err := l.outbox.Republish(t.Context(), 1, time.Now().UnixMilli()); err != nil {
		t.Fatal(err)
	}
	awaitState(t, second, revocation.Fresh) // the issuer was told to say everything again
}

func TestADamagedRatchetFileDoesNotKeepTheGateShut(t *testing.T) {
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
			t.Errorf("a mark out of rubbish: %+v", m)
		}
	}
}
