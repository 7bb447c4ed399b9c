package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/revocation/stream"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

// damage plays damageSnapshots as a fault of its own.
func (w *world) damage() {
	const name = "snapshot and ratchet damaged at every byte"
	if !strings.Contains(name, w.only) {
		return
	}
	w.report.begin(name)
	n, err := w.damageSnapshots()
	if err != nil {
		w.report.incident("%v", err)
	}
	w.report.end(name, nil)
	w.say.line("%s, %d times", name, n)
}

// damageSnapshots cuts the newest generation of a snapshot, and the ratchet, at
// every byte and flips a bit of every byte, and expects each time that the older
// generation is restored whole, or the newest if it is not the one damaged. It
// returns how often it did damage.
func (w *world) damageSnapshots() (done int, err error) {
	dir := filepath.Join(w.dir, "damage")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return 0, err
	}
	now := time.Now()
	serial := tokens.Serial{Day: uint16(tokens.DayOf(now.Unix())), Index: 7}
	feed := revocationtest.NewFeed(now.UnixMilli(), tokens.Key{ID: 7, Public: signing.NewKey([signing.SeedSize]byte{7}).Public(), CutOff: tokens.Never})
	feed.Revoke(now.UnixMilli(), serial)
	snapshot, ok := feed.Replica.Snapshot(w.topic, now.UnixMilli())
	if !ok {
		return 0, fmt.Errorf("no snapshot to damage")
	}
	keep := stream.Snapshots{Dir: dir}
	for range 2 { // two generations
		if err := keep.Save(snapshot); err != nil {
			return 0, err
		}
	}
	ratchet := feed.Replica.Ratchet(w.topic)
	for name, raw := range map[string][]byte{"control.snapshot": snapshot.Encode(), "control.ratchet": ratchet.Encode()} {
		path := filepath.Join(dir, name)
		for i := range raw {
			for _, damaged := range [][]byte{raw[:i], flipped(raw, i)} {
				if err := os.WriteFile(path, damaged, 0o600); err != nil {
					return done, err
				}
				done++
				if err := w.restoresAll(keep, serial, now); err != nil {
					return done, fmt.Errorf("%s, %d of %d bytes, damaged at byte %d: %w", name, len(damaged), len(raw), i, err)
				}
			}
		}
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			return done, err
		}
	}
	return done, nil
}

func flipped(raw []byte, i int) []byte {
	bad := append([]byte(nil), raw...)
	bad[i] ^= 1 << (i % 8)
	return bad
}

// restoresAll starts a replica on the folder, as a gateway does.
func (w *world) restoresAll(keep stream.Snapshots, serial tokens.Serial, now time.Time) error {
	r, err := revocation.NewReplica(revocationtest.Pinned(), 1, revocation.Limits{}, now.UnixMilli())
	if err != nil {
		return err
	}
	keep.Restore(r, w.topic, now, zap.NewNop())
	if s := r.Status(now.UnixMilli()); !r.Revoked(serial) || r.Key(7) == nil || s.Revoked != 1 || s.State != revocation.Booting {
		return fmt.Errorf("restored %d revocations and %d keys, state %s", s.Revoked, s.Keys, s.State)
	}
	return nil
}
