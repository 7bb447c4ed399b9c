package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/railgate/railgate/issuance/audit"
)

// archiveTrail moves what is old enough, batch by batch: each is on disk before it
// leaves the database.
func archiveTrail(ctx context.Context, j *job) (err error) {
	before, err := j.moment("before", time.Now().Add(-audit.MinAge))
	if err != nil {
		return err
	}
	trail, err := j.trail(ctx)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(j.value, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("-archive-trail: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := syncDir(filepath.Dir(j.value)); err != nil {
		return err
	}
	keep := func(_ context.Context, records []audit.Record) error {
		w := bufio.NewWriter(f)
		lines := json.NewEncoder(w)
		for _, r := range records {
			if err := lines.Encode(r); err != nil {
				return err
			}
		}
		return errors.Join(w.Flush(), f.Sync())
	}
	news, moved, last := j.news(), 0, audit.Anchor{}
	for {
		a, err := trail.Archive(ctx, j.by(), before, keep)
		if err != nil {
			return fmt.Errorf("%s holds %d acts that have left the database, and perhaps some that have not; keep it, and go on with another file: %w", j.value, moved, err)
		}
		if a.Entries == 0 {
			break
		}
		moved, last = moved+a.Entries, a.To
		news.say("%d acts are moved", moved)
	}
	if moved == 0 {
		j.say("no act is old enough")
		return os.Remove(j.value)
	}
	j.say("%d acts are in %s, up to anchor %v; keep the file: nothing else has them", moved, j.value, last)
	return nil
}

// syncDir has the name of a new file on disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
