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

// Snapshots keeps two generations of a replica's snapshots in a directory of
// its own, so that damage to one costs only the time to read what came since
// the other.
type Snapshots struct {
	Dir string
	// Every is the time between two snapshots. A boot reads what came since.
	Every time.Duration
	// Trust says whose group may write the folder and those above it.
	Trust ownfile.Trust
}

const (
	newest   = "control.snapshot"
	previous = "control.snapshot.previous"
)

// Restore fills the replica from the newest snapshot that is whole and fits,
// and says in the log why others were passed over. Without one the replica
// stays empty and the log is read from its start: slower, never wrong.
func (s Snapshots) Restore(replica *revocation.Replica, topic string, now time.Time, log *zap.Logger) {
	defer s.hold(replica, topic, log)
	for _, name := range []string{newest, previous} {
		path := filepath.Join(s.Dir, name)
		snapshot, err := s.read(path)
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

func (s Snapshots) read(path string) (*revocation.Snapshot, error) {
	raw, err := s.Trust.Read(path, revocation.MaxSnapshot)
	if err != nil {
		return nil, err
	}
	return revocation.DecodeSnapshot(raw)
}

// Check refuses a folder in which another user of the machine can write, and a file in
// it that another user can have written. What is revoked is not signed in a snapshot:
// who can write it could admit a revoked credential.
func (s Snapshots) Check() error {
	if err := s.Trust.Folder(s.Dir); err != nil {
		return err
	}
	for _, name := range []string{newest, previous, ratchetFile} {
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

// Save writes a snapshot so that a crash at any moment leaves a whole one: a
// new file is written and synced first, the one before it becomes the previous
// generation, and the directory is synced last.
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

// keep saves a snapshot from time to time and once more at the end.
func (f *Follower) keep(ctx context.Context) {
	for sleep(ctx, f.Snapshots.Every) {
		f.save()
	}
	f.save()
}

func (f *Follower) save() {
	began := time.Now()
	snapshot, ok := f.replica.Snapshot(f.topic, f.now().UnixMilli())
	if !ok {
		return // booting or suspect: what is on disk is better
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
