package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/backup"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/revocation/publish"
)

var dataCommands = []command{
	{name: "re-encrypt-data", doc: "bring personal data under the newest field key and exit; can be cut off and repeated", by: true, run: resealData},
	{name: "backup", doc: "copy the SQLite database, in use or not, to the new file `FILE` and exit", by: true, run: backUp},
	{name: "after-restore", doc: "make a database that came back from a backup fit for use and exit, before any issuer starts on it", by: true, run: afterRestore},
	{name: "erase-now", doc: "erase applications of more than 31 days ago now and exit; a running issuer does so by itself", by: true, run: eraseNow},
}

// backUp copies first: the copy is of the schema that was there, even if this program
// brings a newer one.
func backUp(ctx context.Context, inv *invocation) error {
	size, err := backup.Backup(ctx, inv.config.Database, inv.value)
	if err != nil {
		return err
	}
	inv.printf("%s is a checked copy, %d bytes. Personal data in it are sealed: keep it apart from the key directory.", inv.value, size)
	if err := inv.note(ctx, staff.Backup, theDatabase, fmt.Sprintf("%d bytes", size)); err != nil {
		return fmt.Errorf("the copy is good, but the trail does not have it: %w", err)
	}
	return nil
}

// leaseOver is how long a copy of a database that was in use may say that an issuer
// runs: the lease of then. One that does run has renewed it meanwhile.
const leaseOver = publish.LeaseTime + time.Second

// onceNoneRuns does what must not be done while an issuer runs. If it says running,
// it is repeated once that lease must have ended.
func (inv *invocation) onceNoneRuns(ctx context.Context, running error, do func() error) error {
	err := do()
	if !errors.Is(err, running) {
		return err
	}
	inv.printf("the database says that an issuer runs on it: waiting %v to see whether one does", leaseOver)
	select {
	case <-time.After(leaseOver):
		return do()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func afterRestore(ctx context.Context, inv *invocation) error {
	err := inv.commitAndPublish(ctx, func(ctx context.Context) error {
		var r backup.Report
		err := inv.onceNoneRuns(ctx, backup.ErrRunning, func() (err error) {
			r, err = backup.AfterRestore(ctx, inv.db, inv.log, inv.by())
			return err
		})
		for _, d := range r.Days {
			inv.printf("committed: credentials of day %d go on at index %d", d.Day, d.Next)
		}
		if err == nil {
			inv.printf("committed: everything in force is said again in epoch %d", r.Epoch)
		}
		return err
	})
	if err != nil {
		return err
	}
	inv.printf("%s", afterwards)
	return nil
}

// afterwards is what no program can do; see backup.Report.
const afterwards = `Issuers can start. What was done since the backup and is not in it:
  cut-offs of keys and subjects     order them again
  announced, rested, retired keys   order that again (-list-keys shows what is known)
  credentials approved since        are good at the gates, and not known here: cut off their subject to end them
  revocations since                 gateways keep them; they are not known here
  anchors of the audit log since    are in the log, and not in the chain`

func eraseNow(ctx context.Context, inv *invocation) error {
	now := time.Now()
	if err := inv.note(ctx, staff.Erase, audit.Object{Kind: audit.Application, ID: "due"}, "older than "+stamp(now.Add(-credential.RecordLife))); err != nil {
		return err
	}
	progress, total := inv.progress(), 0
	for {
		n, err := credential.NewStore(inv.db, inv.log).EraseSome(ctx, now)
		total += n
		if err != nil {
			return fmt.Errorf("%d applications are erased; go on with the same command: %w", total, err)
		}
		if n == 0 {
			inv.printf("%d applications of more than 31 days ago are erased", total)
			return nil
		}
		progress.show("%d applications are erased", total)
	}
}

func newFieldKey(ctx context.Context, inv *invocation) error {
	o, err := inv.config.keyOptions()
	if err != nil {
		return err
	}
	n, err := o.NewFieldKey(inv.config.Keys)
	if err != nil {
		return err
	}
	inv.printf("field key %d is made, in %s. Next: bring its file to every issuer of this database, stop them all, start them\nall, and move with -re-encrypt-data what lies under older keys.", n, inv.config.Keys)
	if err := inv.note(ctx, staff.NewFieldKey, fieldKey(n), ""); err != nil {
		return fmt.Errorf("the key is good, but the trail does not have it: %w", err)
	}
	return nil
}

func (inv *invocation) walker(ctx context.Context) (*vault.Walker, error) {
	if err := inv.open(ctx); err != nil {
		return nil, err
	}
	return vault.NewWalker(inv.db.Database(), inv.vault, issuance.EncryptedColumns())
}

// maxNamed bounds the broken fields that are printed.
const maxNamed = 20

// resealData can be cut off at any time: what was moved stays moved.
func resealData(ctx context.Context, inv *invocation) error {
	w, err := inv.walker(ctx)
	if err != nil {
		return err
	}
	if err := inv.note(ctx, staff.ReEncrypt, theDatabase, ""); err != nil {
		return err
	}
	progress := inv.progress()
	r, err := w.Walk(ctx, vault.Position{}, func(r vault.Report) {
		progress.show("%s of %s: %d fields looked at, %d sealed anew", r.At.Column, r.At.Table, r.Looked, r.Moved)
	})
	inv.printf("%d fields looked at, %d sealed anew, %d in use and missed, %d do not open", r.Looked, r.Moved, r.Missed, r.Unopened)
	for _, b := range r.Broken[:min(len(r.Broken), maxNamed)] {
		inv.printf("does not open: %s of %s, row %s: %v", b.Column, b.Table, b.Row, b.Why)
	}
	if err != nil {
		return fmt.Errorf("not finished, go on with the same command: %w", err)
	}
	left, err := w.Left(ctx)
	if err != nil {
		return fmt.Errorf("what is left is not known: %w", err)
	}
	if left > 0 {
		return fmt.Errorf("%d fields are not under the newest key: repeat the command when every issuer has been started with that key; fields that do not open need the key or the backup that they are from", left)
	}
	inv.printf("every field is under the newest key")
	return nil
}

// dropFieldKey writes the order down before it is carried out: a key that is gone
// must be explained.
func dropFieldKey(ctx context.Context, inv *invocation) error {
	n, err := strconv.Atoi(inv.value)
	if err != nil || n < 1 {
		return fmt.Errorf("-drop-field-key must be the number in the name of a field key's file, from 1")
	}
	w, err := inv.walker(ctx)
	if err != nil {
		return err
	}
	left, err := w.Left(ctx)
	if err != nil {
		return err
	}
	if left > 0 {
		return fmt.Errorf("%d fields are not under the newest key, and may need this one: -re-encrypt-data comes first", left)
	}
	if err := inv.note(ctx, staff.DropFieldKey, fieldKey(n), ""); err != nil {
		return err
	}
	if err := keystore.DropFieldKey(inv.config.Keys, n); err != nil {
		return err
	}
	inv.printf("field key %d in %s is destroyed. Backups of the database from before the last -re-encrypt-data need it: destroy copies\nof the directory that hold it when those backups have gone.", n, inv.config.Keys)
	return nil
}
