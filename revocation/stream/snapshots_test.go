package stream_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/revocation/stream"
	"github.com/railgate/railgate/test/harness/runtest"
)

// startWithSnapshots starts a gateway's follower with a snapshot folder; stop ends it and saves a last
// snapshot.
func (h *harness) startWithSnapshots(dir string) (r *revocation.Replica, f *stream.Follower, stop func()) {
	h.t.Helper()
	now := time.Now()
	r, err := revocation.NewReplica(revocationtest.Pinned(), partitions, revocation.Limits{}, now.UnixMilli())
	if err != nil {
		h.t.Fatal(err)
	}
	f = stream.New(opener(h.broker, "gateway"), topic, r, time.Now, zap.NewNop())
	f.Snapshots = stream.Snapshots{Dir: dir, Every: 20 * time.Millisecond}
	f.Snapshots.Restore(r, topic, now, zap.NewNop())
	return r, f, background(h.t, f.Run)
}

func revoked(r *revocation.Replica) int { return r.Status(0).Revoked }

// A gateway restarts, restores its snapshot, and reads only the messages since, even when the log has lost
// the content of the snapshot.
func TestGatewayContinuesFromItsSnapshot(t *testing.T) {
	h := newHarness(t)
	h.startPublisher()
	dir := t.TempDir()
	first, _, stop := h.startWithSnapshots(dir)
	awaitState(t, first, revocation.Fresh)
	for i := range uint32(200) {
		h.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(i)})
	}
	h.pub.Wake()
	runtest.Eventually(t, testTimeout, "200 revocations", func() bool { return revoked(first) == 200 })
	stop()
	h.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(999)})
	h.pub.Wake()

	second, f, _ := h.startWithSnapshots(dir)
	if n := revoked(second); n != 200 {
		t.Fatalf("restored %d of 200", n)
	}
	awaitState(t, second, revocation.Fresh)
	if !second.Revoked(today(999)) {
		t.Fatal("fresh without what was revoked while it was down")
	}
	s := second.Status(0)
	if s.Counts.Revoked != 1 || s.Counts.Rewinds != 0 {
		t.Fatalf("applied %d records and rewound %d times, want 1 and 0", s.Counts.Revoked, s.Counts.Rewinds)
	}
	runtest.Eventually(t, testTimeout, "a new snapshot", func() bool { return f.Stats().SnapshotMS > 0 })
}

// The topic was recreated while the gateway was down: the union counts.
func TestSnapshotSurvivesARecreatedTopic(t *testing.T) {
	h := newHarness(t)
	h.startPublisher()
	dir := t.TempDir()
	first, _, stop := h.startWithSnapshots(dir)
	awaitState(t, first, revocation.Fresh)
	for i := range uint32(60) {
		h.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(i)})
		h.pub.Wake()
		runtest.Eventually(t, testTimeout, "one more", func() bool { return revoked(first) == int(i)+1 })
	}
	stop()
	h.stop()
	recreate(t, h.broker.Cluster)
	h.startPublisher()
	second, _, _ := h.startWithSnapshots(dir)
	awaitState(t, second, revocation.Fresh)
	if n := revoked(second); n != 60 {
		t.Fatalf("%d of 60 revocations remain", n)
	}
}

// The recreated topic has grown past the snapshot's resume offset: continuing there would skip its beginning.
func TestResumeOffsetIsNotUsedInAnotherLog(t *testing.T) {
	h := newHarness(t)
	h.startPublisher()
	dir := t.TempDir()
	first, f, stop := h.startWithSnapshots(dir)
	awaitState(t, first, revocation.Fresh)
	stop()
	h.stop()
	recreate(t, h.broker.Cluster)
	h.startPublisher()
	h.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(1)}) // near the new log's start
	for i, p := range f.Stats().Partitions {
		runtest.Eventually(t, testTimeout, "a log that is longer than the old one", func() bool {
			h.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(uint32(1000 + i))})
			h.pub.Wake()
			return h.end(i) > p.Position+5
		})
	}
	second, _, _ := h.startWithSnapshots(dir)
	runtest.Eventually(t, testTimeout, "the revocation at the new log's start", func() bool { return second.Revoked(today(1)) })
	awaitState(t, second, revocation.Fresh)
}

// end returns the end of a partition's log.
func (h *harness) end(partition int) int64 {
	c := &kafka.Client{Addr: kafka.TCP(h.broker.Addresses()...), Timeout: testTimeout}
	r, err := c.ListOffsets(h.t.Context(), &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{
		topic: {kafka.LastOffsetOf(partition)}}})
	if err != nil || len(r.Topics[topic]) != 1 {
		return -1
	}
	return r.Topics[topic][0].LastOffset
}

// Damage to the newest generation costs time, not revocations; damage to both costs more time.
func TestDamagedSnapshotsAreSkipped(t *testing.T) {
	h := newHarness(t)
	h.startPublisher()
	dir := t.TempDir()
	first, f, stop := h.startWithSnapshots(dir)
	h.outbox.Add(revocation.Record{Kind: revocation.KindRevoke, Serial: today(5)})
	runtest.Eventually(t, testTimeout, "the revocation", func() bool { return first.Revoked(today(5)) })
	awaitState(t, first, revocation.Fresh)
	before := f.Stats().SnapshotMS
	runtest.Eventually(t, testTimeout, "two generations that contain it", func() bool {
		return f.Stats().SnapshotMS > before+200 // several saves later
	})
	stop()
	for _, name := range []string{"control.snapshot", "control.snapshot.previous"} {
		path := filepath.Join(dir, name)
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		raw[len(raw)/2] ^= 1
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := revocation.NewReplica(revocationtest.Pinned(), partitions, revocation.Limits{}, time.Now().UnixMilli())
		if err != nil {
			t.Fatal(err)
		}
		stream.Snapshots{Dir: dir}.Restore(r, topic, time.Now(), zap.NewNop())
		if intact := name == "control.snapshot"; r.Revoked(today(5)) != intact {
			t.Fatalf("with %s damaged too: restored %v", name, r.Revoked(today(5)))
		}
	}
	last, _, _ := h.startWithSnapshots(dir)
	awaitState(t, last, revocation.Fresh)
	if !last.Revoked(today(5)) {
		t.Fatal("without a snapshot the log was not read")
	}
}

// A crash can occur between any two steps of saving.
func TestCrashWhileSavingLeavesAWholeSnapshot(t *testing.T) {
	feed := revocationtest.NewFeed(time.Now().UnixMilli())
	feed.Revoke(time.Now().UnixMilli(), today(1))
	s, ok := feed.Replica.Snapshot(topic, time.Now().UnixMilli())
	if !ok {
		t.Fatal("no snapshot")
	}
	for name, crash := range map[string]func(dir string) error{
		"a half-written new file": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "control.snapshot.new"), s.Encode()[:50], 0o600)
		},
		"between the renames": func(dir string) error {
			return os.Rename(filepath.Join(dir, "control.snapshot"), filepath.Join(dir, "control.snapshot.previous"))
		},
	} {
		dir := t.TempDir()
		keep := stream.Snapshots{Dir: dir}
		if err := keep.Save(s); err != nil {
			t.Fatal(err)
		}
		if err := crash(dir); err != nil {
			t.Fatal(err)
		}
		r, err := revocation.NewReplica(revocationtest.Pinned(), 1, revocation.Limits{}, time.Now().UnixMilli())
		if err != nil {
			t.Fatal(err)
		}
		keep.Restore(r, topic, time.Now(), zap.NewNop())
		if !r.Revoked(today(1)) {
			t.Errorf("%s: nothing restored", name)
		}
		if err := keep.Save(s); err != nil {
			t.Errorf("%s: cannot save again: %v", name, err)
		}
	}
}

// A folder or file that another user can write is refused at start and not read.
func TestFolderThatOthersMayWriteIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "snapshots")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	feed := revocationtest.NewFeed(time.Now().UnixMilli())
	feed.Revoke(time.Now().UnixMilli(), today(1))
	snapshot, ok := feed.Replica.Snapshot(topic, time.Now().UnixMilli())
	if !ok {
		t.Fatal("no snapshot")
	}
	keep := stream.Snapshots{Dir: dir}
	newest := filepath.Join(dir, "control.snapshot")
	mark := feed.Replica.HighWaterMark(topic)
	if err := errors.Join(keep.Save(snapshot), os.WriteFile(filepath.Join(dir, "control.high-water-mark"), mark.Encode(), 0o600), keep.Check()); err != nil {
		t.Fatal(err)
	}
	mode := func(path string, m fs.FileMode) {
		t.Helper()
		if err := os.Chmod(path, m); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range []fs.FileMode{0o777, 0o707, 0o777 | fs.ModeSticky} {
		mode(dir, m)
		if err := keep.Check(); err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("a folder of mode %v: %v", m, err)
		}
	}
	mode(dir, 0o755)
	for _, path := range []string{newest, filepath.Join(dir, "control.high-water-mark")} {
		mode(path, 0o666)
		if err := keep.Check(); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s of mode 0666: %v", path, err)
		}
		mode(path, 0o600)
	}
	mode(newest, 0o620)
	restored := func() int {
		t.Helper()
		r, err := revocation.NewReplica(revocationtest.Pinned(), 1, revocation.Limits{}, time.Now().UnixMilli())
		if err != nil {
			t.Fatal(err)
		}
		keep.Restore(r, topic, time.Now(), zap.NewNop())
		return revoked(r)
	}
	if n := restored(); n != 0 {
		t.Errorf("%d revocations restored from a file that others may write", n)
	}
	mode(newest, 0o600)
	if n := restored(); n != 1 {
		t.Errorf("%d revocations restored, want 1", n)
	}
}

// A file left by a crash, which another process may have open, is replaced.
func TestLeftoverFileIsReplaced(t *testing.T) {
	dir := t.TempDir()
	leftover := filepath.Join(dir, "control.snapshot.new")
	if err := os.WriteFile(leftover, []byte("left"), 0o666); err != nil {
		t.Fatal(err)
	}
	open, err := os.Open(leftover)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	snapshot, ok := revocationtest.NewFeed(time.Now().UnixMilli()).Replica.Snapshot(topic, time.Now().UnixMilli())
	if !ok {
		t.Fatal("no snapshot")
	}
	if err := (stream.Snapshots{Dir: dir}).Save(snapshot); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(open); err != nil || string(text) != "left" {
		t.Errorf("the leftover was written to: %q, %v", text, err)
	}
}
