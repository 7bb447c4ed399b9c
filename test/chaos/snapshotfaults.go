package main

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// The names are those of docs/revocation.md section 9 on disk. A name that is
// no longer there makes these faults fail, which the table shows.
const (
	newestSnapshot   = "control.snapshot"
	previousSnapshot = "control.snapshot.previous"
)

// snapshotPatience is several times what two snapshots take, one a second.
const snapshotPatience = 6 * time.Second

// snapshotFaults kill a gateway and damage what it finds on its way back.
func snapshotFaults() []fault {
	damage := func(name string, do func(newest string, r *rand.Rand) error) fault {
		return fault{"gateway killed, snapshot " + name, []string{theGateway}, false,
			func(ctx context.Context, w *world, r *rand.Rand) error {
				g := w.anyGateway(r)
				newest := filepath.Join(g.snapshots, newestSnapshot)
				awaitFile(ctx, filepath.Join(g.snapshots, previousSnapshot))
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
		damage("replaced by the one before", func(newest string, _ *rand.Rand) error {
			return os.Rename(filepath.Join(filepath.Dir(newest), previousSnapshot), newest)
		}),
		damage("replaced by rubbish", func(newest string, r *rand.Rand) error {
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

// awaitFile waits a while for a file that a gateway has not written yet, for it
// may have started a moment ago.
func awaitFile(ctx context.Context, path string) {
	for end := time.Now().Add(snapshotPatience); time.Now().Before(end); {
		if _, err := os.Stat(path); err == nil || !sleep(ctx, pollEvery) {
			return
		}
	}
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

// noise is n random bytes.
func noise(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}
