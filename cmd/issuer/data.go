package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/backup"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/revocation/publish"
)

var commandsOfData = []command{
	{name: "reseal-data", doc: "bring personal data under the newest field key and exit; can be cut off and repeated", by: true, run: resealData},
	{name: "backup", doc: "copy the SQLite database, in use or not, to the new file `FILE` and exit", by: true, run: backUp},
	{name: "after-restore", doc: "make a database that came back from a backup fit for use and exit, before any issuer starts on it", by: true, run: afterRestore},
	{name: "erase-now", doc: "erase applications of more than 31 days ago now and exit; a running issuer does so by itself", by: true, run: eraseNow},
}

// backUp copies first: the copy is of the schema that was there, even if this program
// brings a newer one.
func backUp(ctx context.Context, j *job) error {
	size, err := backup.Backup(ctx, j.config.Database, j.value)
	if err != nil {
		return err
	}
	j.say("%s is a checked copy, %d bytes. Personal data in it are sealed: keep it apart from the key directory.", j.value, size)
	if err := j.note(ctx, staff.Backup, theDatabase, fmt.Sprintf("%d bytes", size)); err != nil {
		return fmt.Errorf("the copy is good, but the trail does not have it: %w", err)
	}
	return nil
}

// leaseOver is how long a copy of a database that was in use may say that an issuer
// runs: the lease of then. One that does run has renewed it meanwhile.
const leaseOver = publish.LeaseTime + time.Second

// onceNoneRuns does what must not be done while an issuer runs. If it says running,
// it is repeated once that lease must have ended.
func (j *job) onceNoneRuns(ctx context.Context, running error, do func() error) error {
	err := do()
	if !errors.Is(err, running) {
		return err
	}
	j.say("the database says that an issuer runs on it: waiting %v to see whether one does", leaseOver)
	select {
	case <-time.After(leaseOver):
		return do()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func afterRestore(ctx context.Context, j *job) error {
	err := j.carryOut(ctx, func(ctx context.Context, db *store.Store) error {
		var r backup.Report
		err := j.onceNoneRuns(ctx, backup.ErrRunning, func() (err error) {
			r, err = backup.AfterRestore(ctx, db.Database(), db, j.log, j.by())
			return err
		})
		for _, d := range r.Days {
			j.say("committed: credentials of day %d go on at index %d", d.Day, d.Next)
		}
		if err == nil {
			j.say("committed: everything in force is said again in epoch %d", r.Epoch)
		}
		return err
	})
	if err != nil {
		return err
	}
	j.say("%s", afterwards)
	return nil
}

// afterwards is what no program can do; see backup.Report.
const afterwards = `Issuers can start. What was done since the backup and is not in it:
  cut-offs of keys and subjects     order them again
  announced, rested, retired keys   order that again (-list-keys shows what is known)
  credentials approved since        are good at the gates, and not known here: cut off their subject to end them
  revocations since                 gateways keep them; they are not known here
  anchors of the trail since        are in the log, and not in the chain`

func eraseNow(ctx context.Context, j *job) error {
	db, err := j.store(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	if err := j.note(ctx, staff.Erase, audit.Object{Kind: audit.Application, ID: "due"}, "older than "+day(now.Add(-credential.RecordLife))); err != nil {
		return err
	}
	news, total := j.news(), 0
	for {
		n, err := credential.EraseSome(ctx, db, now)
		total += n
		if err != nil {
			return fmt.Errorf("%d applications are erased; go on with the same command: %w", total, err)
		}
		if n == 0 {
			j.say("%d applications of more than 31 days ago are erased", total)
			return nil
		}
		news.say("%d applications are erased", total)
	}
}
