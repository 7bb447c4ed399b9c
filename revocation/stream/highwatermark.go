package stream

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/revocation"
)

const (
	highWaterMarkFile       = "control.high-water-mark"
	formerHighWaterMarkFile = "control.ratchet" // the name in earlier versions
	maxHighWaterMark        = 1 << 20           // bytes; 64 partitions need about a thousand
	// highWaterMarkEvery is how much numbering a crash may lose.
	highWaterMarkEvery = time.Second
)

// restoreHighWaterMark gives the replica the marks of earlier runs. A damaged file is logged and ignored: the
// snapshot still has its own position, and refusing to start without the mark would not help.
func (s Snapshots) restoreHighWaterMark(replica *revocation.Replica, topic string, log *zap.Logger) {
	path := filepath.Join(s.Dir, highWaterMarkFile)
	raw, err := s.Trust.Read(path, maxHighWaterMark)
	if errors.Is(err, fs.ErrNotExist) {
		if err = (ownfile.Disk{}).Rename(filepath.Join(s.Dir, formerHighWaterMarkFile), path); errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err == nil {
			raw, err = s.Trust.Read(path, maxHighWaterMark)
		}
	}
	var t revocation.HighWaterMark
	if err == nil {
		t, err = revocation.DecodeHighWaterMark(raw)
	}
	if err != nil {
		log.Error("the high-water mark is not used: an old copy of the log is detected only with a snapshot", zap.String("file", path), zap.Error(err))
		return
	}
	if !replica.RequireHighWaterMark(t, topic) {
		log.Info("the high-water mark is of another stream and starts anew", zap.String("file", path))
	}
}

// saveHighWaterMarks writes the marks whenever they have risen. The records up to a mark were verified before
// it is written.
func (f *Follower) saveHighWaterMarks(ctx context.Context) {
	var written []revocation.Mark
	save := func() {
		t := f.numbered.HighWaterMark(f.topic)
		if slices.Equal(t.Marks, written) {
			return
		}
		if err := (ownfile.Disk{}).Write(filepath.Join(f.Snapshots.Dir, highWaterMarkFile), t.Encode()); err != nil {
			f.count(func(s *Stats) { s.SnapshotFailures++ })
			f.log.Error("the high-water mark could not be written", zap.String("dir", f.Snapshots.Dir), zap.Error(err))
			return
		}
		written = t.Marks
	}
	for sleep(ctx, highWaterMarkEvery) {
		save()
	}
	save()
}
