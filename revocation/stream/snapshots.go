package stream

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/revocation"
)

// Snapshots keeps two generations of a replica's snapshots in a folder, so that damage to one costs only the
// time to read the messages since the other.
type Snapshots struct {
	Dir string
	// Every is the time between two snapshots. At start the messages since the last one are read.
	Every time.Duration
	// Trust names the group that may write the folder and the folders above it.
	Trust ownfile.Trust
}

const (
	newest   = "control.snapshot"
	previous = "control.snapshot.previous"
)

// Restore fills the replica from the newest snapshot that is whole and matches, and logs why others were
// skipped. Without a snapshot the replica stays empty and the log is read from its start, which takes longer.
func (s Snapshots) Restore(replica *revocation.Replica, topic string, now time.Time, log *zap.Logger) {
	defer s.restoreHighWaterMark(replica, topic, log)
	for _, name := range []string{newest, previous} {
		path := filepath.Join(s.Dir, name)
		snapshot, err := s.readSnapshot(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = replica.Restore(snapshot, topic, now.UnixMilli())
		}
		if err != nil {
			log.Warn("a snapshot is not used", zap.String("file", path), zap.Error(err))
			continue
		}
		log.Info("restored from a snapshot", zap.String("file", path),
			zap.Time("created", time.UnixMilli(snapshot.CreatedMS)), zap.Int("revoked", replica.Status(now.UnixMilli()).Revoked))
		if !snapshot.Whole() {
			log.Info("the snapshot was written by a release that knew fewer kinds of record; reading the control topic from its start")
		}
		return
	}
	log.Info("no snapshot to restore from; reading the control topic from its start")
}

func (s Snapshots) readSnapshot(path string) (*revocation.Snapshot, error) {
	raw, err := s.Trust.Read(path, revocation.MaxSnapshot)
	if err != nil {
		return nil, err
	}
	return revocation.DecodeSnapshot(raw)
}

// Check refuses a folder that another user of the machine can write, and a file in it that another user can
// have written. Revocations in a snapshot are not signed: write access to the file is enough to admit a
// revoked credential.
func (s Snapshots) Check() error {
	if err := s.Trust.Folder(s.Dir); err != nil {
		return err
	}
	for _, name := range []string{newest, previous, highWaterMarkFile} {
		f, err := s.Trust.Open(filepath.Join(s.Dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		f.Close()
	}
	return nil
}

// Save writes a snapshot so that a crash at any moment leaves a whole one: a new file is written and synced
// first, its predecessor becomes the previous generation, and the folder is synced last.
func (s Snapshots) Save(snapshot *revocation.Snapshot) error {
	var disk ownfile.Disk
	current := filepath.Join(s.Dir, newest)
	if err := disk.Prepare(current, snapshot.Encode()); err != nil {
		return err
	}
	if err := os.Rename(current, filepath.Join(s.Dir, previous)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return disk.Rename(current+ownfile.Unfinished, current)
}

// saveSnapshots saves a snapshot periodically and once more at the end.
func (f *Follower) saveSnapshots(ctx context.Context) {
	for sleep(ctx, f.Snapshots.Every) {
		f.saveSnapshot()
	}
	f.saveSnapshot()
}

func (f *Follower) saveSnapshot() {
	began := time.Now()
	snapshot, ok := f.numbered.Snapshot(f.topic, f.now().UnixMilli())
	if !ok {
		return // booting or suspect: the snapshot on disk is better
	}
	err := f.Snapshots.Save(snapshot)
	f.count(func(s *Stats) {
		if err != nil {
			s.SnapshotFailures++
			return
		}
		s.SnapshotMS, s.SnapshotTook = snapshot.CreatedMS, time.Since(began)
	})
	if err != nil {
		f.log.Error("a snapshot could not be written", zap.Error(fmt.Errorf("%s: %w", f.Snapshots.Dir, err)))
	}
}
