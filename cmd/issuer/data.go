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
	{name: "re-encrypt-data", doc: "encrypt all personal data with the newest field key; can be interrupted and repeated", by: true, run: reEncryptData},
	{name: "backup", doc: "write a checked copy of the SQLite database, in use or not, to the new file `FILE`", by: true, run: backUp},
	{name: "after-restore", doc: "prepare a database restored from a backup, before any issuer starts on it", by: true, run: afterRestore},
	{name: "erase-now", doc: "erase applications older than 31 days now, and those without a face check after 2 days; a running issuer does so by itself", by: true, run: eraseNow},
}

// backUp copies before it opens the database: opening may migrate the schema, and the
// copy must have the old one.
func backUp(ctx context.Context, inv *invocation) error {
	size, err := backup.Backup(ctx, inv.config.Database, inv.value)
	if err != nil {
		return err
	}
	inv.printf("%s is a checked copy, %d bytes. Its personal data are encrypted: store it apart from the key directory.", inv.value, size)
	if err := inv.note(ctx, staff.Backup, theDatabase, fmt.Sprintf("%d bytes", size)); err != nil {
		return fmt.Errorf("the copy is good, but the audit log has no entry of it: %w", err)
	}
	return nil
}

// leaseWait is how long the publisher lease in a copied database can remain valid. A
// running issuer renews its lease within that time.
const leaseWait = publish.LeaseTime + time.Second

// whenNoIssuerRuns calls do, which fails with the error running while the database has a
// valid lease. It then waits until a stale lease has expired and calls do once more.
func (inv *invocation) whenNoIssuerRuns(ctx context.Context, running error, do func() error) error {
	err := do()
	if !errors.Is(err, running) {
		return err
	}
	inv.printf("the database has a lease of an issuer: waiting %v to see whether that issuer runs", leaseWait)
	select {
	case <-time.After(leaseWait):
		return do()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func afterRestore(ctx context.Context, inv *invocation) error {
	err := inv.commitAndPublishAll(ctx, func(ctx context.Context) error {
		var r backup.Report
		err := inv.whenNoIssuerRuns(ctx, backup.ErrRunning, func() (err error) {
			r, err = backup.AfterRestore(ctx, inv.db, inv.log, inv.newEntry())
			return err
		})
		for _, d := range r.Days {
			inv.printf("committed: credentials of day %d continue at index %d", d.Day, d.Next)
		}
		if err == nil {
			inv.printf("committed: everything active is published again in epoch %d", r.Epoch)
			err = inv.republishBookings(ctx)
		}
		return err
	})
	if err != nil {
		return err
	}
	inv.printf("%s", restoredNotice)
	return nil
}

// restoredNotice lists the changes since the backup that only an operator can repeat;
// see [backup.Report].
const restoredNotice = `Issuers can start. Changes made since the backup are not in the database:
  distrusted keys, revoked subjects         run the commands again
  announced, deactivated or retired keys    run the commands again (-list-keys prints the state)
  credentials approved since the backup     valid at gates, unknown here: end them with -revoke-subject
  revocations since the backup              gates still apply them, unknown here
  audit anchors since the backup            in the issuer's log, missing from the chain`

func eraseNow(ctx context.Context, inv *invocation) error {
	now := time.Now()
	if err := inv.note(ctx, staff.Erase, audit.Object{Kind: audit.Application, ID: "due"}, "older than "+formatTime(now.Add(-credential.RecordLife))); err != nil {
		return err
	}
	progress, total := inv.progress(), 0
	for {
		n, err := credential.NewStore(inv.db, inv.log).EraseSome(ctx, now)
		total += n
		if err != nil {
			return fmt.Errorf("%d applications erased; run the command again to continue: %w", total, err)
		}
		if n == 0 {
			inv.printf("%d applications erased", total)
			return nil
		}
		progress.show("%d applications erased so far", total)
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
	inv.printf("field key %d is made, in %s. Next: copy its file to every issuer of this database, stop them all, start them\nall, then run -re-encrypt-data.", n, inv.config.Keys)
	if err := inv.note(ctx, staff.NewFieldKey, fieldKey(n), ""); err != nil {
		return fmt.Errorf("the key is good, but the audit log has no entry of it: %w", err)
	}
	return nil
}

func (inv *invocation) walker(ctx context.Context) (*vault.Walker, error) {
	if err := inv.openDatabase(ctx); err != nil {
		return nil, err
	}
	return vault.NewWalker(inv.db.Database(), inv.vault, issuance.EncryptedColumns())
}

// maxBrokenPrinted bounds the broken fields that are printed.
const maxBrokenPrinted = 20

// reEncryptData can be interrupted at any time: fields already encrypted with the newest
// key stay so.
func reEncryptData(ctx context.Context, inv *invocation) error {
	w, err := inv.walker(ctx)
	if err != nil {
		return err
	}
	if err := inv.note(ctx, staff.ReEncrypt, theDatabase, ""); err != nil {
		return err
	}
	progress := inv.progress()
	r, err := w.Walk(ctx, vault.Position{}, func(r vault.Report) {
		progress.show("%s of %s: %d fields read, %d re-encrypted", r.At.Column, r.At.Table, r.Checked, r.Moved)
	})
	inv.printf("%d fields read, %d re-encrypted, %d skipped because in use, %d cannot be decrypted", r.Checked, r.Moved, r.Missed, r.Undecryptable)
	for _, b := range r.Broken[:min(len(r.Broken), maxBrokenPrinted)] {
		inv.printf("cannot be decrypted: %s of %s, row %s: %v", b.Column, b.Table, b.Row, b.Why)
	}
	if err != nil {
		return fmt.Errorf("not finished; run the command again to continue: %w", err)
	}
	left, err := w.Remaining(ctx)
	if err != nil {
		return fmt.Errorf("the remaining fields could not be counted: %w", err)
	}
	if left > 0 {
		return fmt.Errorf("%d fields are not encrypted with the newest key: restart every issuer with that key, then run the command again; a field that cannot be decrypted needs the key or the backup it came from", left)
	}
	inv.printf("every field is encrypted with the newest key")
	return nil
}

// dropFieldKey writes its audit entry before it destroys the key: a missing key must
// have an explanation.
func dropFieldKey(ctx context.Context, inv *invocation) error {
	n, err := strconv.Atoi(inv.value)
	if err != nil || n < 1 {
		return fmt.Errorf("-drop-field-key must be the number in the name of a field key's file, from 1")
	}
	w, err := inv.walker(ctx)
	if err != nil {
		return err
	}
	left, err := w.Remaining(ctx)
	if err != nil {
		return err
	}
	if left > 0 {
		return fmt.Errorf("%d fields are not encrypted with the newest key and may need this one: run -re-encrypt-data first", left)
	}
	if err := inv.note(ctx, staff.DropFieldKey, fieldKey(n), ""); err != nil {
		return err
	}
	if err := keystore.DropFieldKey(inv.config.Keys, n); err != nil {
		return err
	}
	inv.printf("field key %d in %s is destroyed. Database backups older than the last -re-encrypt-data need it: keep a copy of the key\ndirectory as long as those backups, then destroy it.", n, inv.config.Keys)
	return nil
}
