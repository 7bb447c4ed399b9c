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
	ratchetFile = "control.high-water-mark"
	maxRatchet  = 1 << 20 // bytes; 64 partitions take about a thousand
	// ratchetEvery is how much numbering a crash may make the ratchet forget.
	ratchetEvery = time.Second
)

// hold gives the replica the marks of an earlier life. A damaged file is said
// and passed over: the snapshot still has its own place, and to stay shut for
// the lack of a second opinion would help nobody.
func (s Snapshots) hold(replica *revocation.Replica, topic string, log *zap.Logger) {
	path := filepath.Join(s.Dir, ratchetFile)
	raw, err := s.Trust.Read(path, maxRatchet)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var t revocation.HighWaterMark
	if err == nil {
		t, err = revocation.DecodeHighWaterMark(raw)
	}
	if err != nil {
		log.Error("the ratchet is not used: an old copy of the log would be noticed by the snapshot only", zap.String("file", path), zap.Error(err))
		return
	}
	if !replica.RequireHighWaterMark(t, topic) {
		log.Info("the ratchet is of another stream and starts anew", zap.String("file", path))
	}
}

// ratchet writes the marks whenever they have risen. What they speak of was
// verified before: never the other way round.
func (f *Follower) ratchet(ctx context.Context) {
	var written []revocation.Mark
	save := func() {
		t := f.replica.HighWaterMark(f.topic)
		if slices.Equal(t.Marks, written) {
			return
		}
		if err := (ownfile.Disk{}).Write(filepath.Join(f.Snapshots.Dir, ratchetFile), t.Encode()); err != nil {
			f.count(func(s *Stats) { s.SnapshotFailures++ })
			f.log.Error("the ratchet could not be written", zap.String("dir", f.Snapshots.Dir), zap.Error(err))
			return
		}
		written = t.Marks
	}
	for sleep(ctx, ratchetEvery) {
		save()
	}
	save()
}
