package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
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

// File names from docs/revocation.md section 9. If a name no longer exists, these faults fail,
// which the table shows.
const (
	newestSnapshot   = "control.snapshot"
	previousSnapshot = "control.snapshot.previous"
)

// snapshotPatience is several times the duration of two snapshots, one a second.
const snapshotPatience = 6 * time.Second

// snapshotFaults kill a gateway and damage its snapshot before it starts again.
func snapshotFaults() []fault {
	damage := func(name string, do func(newest string, r *rand.Rand) error) fault {
		return fault{"gateway killed, snapshot " + name, []string{theGateway}, false,
			func(ctx context.Context, sys *system, r *rand.Rand) error {
				g := sys.anyGateway(r)
				newest := filepath.Join(g.Snapshots, newestSnapshot)
				awaitFile(ctx, filepath.Join(g.Snapshots, previousSnapshot))
				g.kill()
				err := do(newest, r)
				if r.IntN(2) == 0 {
					sleep(ctx, between(r, 0, longestDeath))
				}
				return errors.Join(err, g.start())
			}}
	}
	return []fault{
		damage("with a flipped bit", flipBit),
		damage("cut short", func(newest string, r *rand.Rand) error {
			info, err := os.Stat(newest)
			if err != nil {
				return err
			}
			return os.Truncate(newest, r.Int64N(info.Size()))
		}),
		damage("deleted", func(newest string, _ *rand.Rand) error { return os.Remove(newest) }),
		damage("replaced by the previous one", func(newest string, _ *rand.Rand) error {
			return os.Rename(filepath.Join(filepath.Dir(newest), previousSnapshot), newest)
		}),
		damage("replaced by random bytes", func(newest string, r *rand.Rand) error {
			return os.WriteFile(newest, noise(r, 1+r.IntN(100_000)), 0o600)
		}),
		damage("folder emptied", func(newest string, _ *rand.Rand) error {
			files, err := os.ReadDir(filepath.Dir(newest))
			for _, f := range files {
				err = errors.Join(err, os.RemoveAll(filepath.Join(filepath.Dir(newest), f.Name())))
			}
			return err
		}),
	}
}

// awaitFile waits for a file that a gateway may not have written yet because it has just started.
func awaitFile(ctx context.Context, path string) {
	await(ctx, snapshotPatience, pollEvery, func() bool {
		_, err := os.Stat(path)
		return err == nil
	})
}

func flipBit(newest string, r *rand.Rand) error {
	raw, err := os.ReadFile(newest)
	if err != nil {
		return err
	}
	if len(raw) == 0 {
		return fs.ErrInvalid
	}
	raw[r.IntN(len(raw))] ^= 1 << r.IntN(8)
	return os.WriteFile(newest, raw, 0o600)
}

// noise returns n random bytes.
func noise(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// damage runs damageSnapshots as a fault.
func (sys *system) damage() {
	const name = "snapshot and high-water mark damaged at every byte"
	if !strings.Contains(name, sys.only) {
		return
	}
	sys.report.begin(name)
	n, err := sys.damageSnapshots()
	if err != nil {
		sys.report.incident("%v", err)
	}
	sys.report.end(name, nil)
	sys.log.printf("%s, %d times", name, n)
}

// damageSnapshots truncates the newest generation of a snapshot, and the high-water mark, at every
// byte and flips a bit of every byte. Each time the older generation must be restored completely,
// or the newest if it is undamaged. It returns the number of damages.
func (sys *system) damageSnapshots() (done int, err error) {
	dir := filepath.Join(sys.dir, "damage")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return 0, err
	}
	now := time.Now()
	serial := tokens.Serial{Day: uint16(tokens.DayOf(now.Unix())), Index: 7}
	feed := revocationtest.NewFeed(now.UnixMilli(), tokens.Key{ID: 7, Public: signing.NewKey([signing.SeedSize]byte{7}).Public(), Cutoff: tokens.Never})
	feed.Revoke(now.UnixMilli(), serial)
	snapshot, ok := feed.Replica.Snapshot(sys.topic, now.UnixMilli())
	if !ok {
		return 0, fmt.Errorf("no snapshot to damage")
	}
	keep := stream.Snapshots{Dir: dir}
	for range 2 { // two generations
		if err := keep.Save(snapshot); err != nil {
			return 0, err
		}
	}
	mark := feed.Replica.HighWaterMark(sys.topic)
	for name, raw := range map[string][]byte{newestSnapshot: snapshot.Encode(), "control.high-water-mark": mark.Encode()} {
		path := filepath.Join(dir, name)
		for i := range raw {
			for _, damaged := range [][]byte{raw[:i], flipped(raw, i)} {
				if err := os.WriteFile(path, damaged, 0o600); err != nil {
					return done, err
				}
				done++
				if err := sys.checkRestore(keep, serial, now); err != nil {
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

// checkRestore restores a replica from the folder, as a gateway does.
func (sys *system) checkRestore(keep stream.Snapshots, serial tokens.Serial, now time.Time) error {
	r, err := revocation.NewReplica(revocationtest.Pinned(), 1, revocation.Limits{}, now.UnixMilli())
	if err != nil {
		return err
	}
	keep.Restore(r, sys.topic, now, zap.NewNop())
	if s := r.Status(now.UnixMilli()); !r.Revoked(serial) || r.Key(7) == nil || s.Revoked != 1 || s.State != revocation.Booting {
		return fmt.Errorf("restored %d revocations and %d keys, state %s", s.Revoked, s.Keys, s.State)
	}
	return nil
}
