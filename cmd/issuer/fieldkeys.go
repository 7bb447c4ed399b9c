package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/reseal"
	"github.com/railgate/railgate/issuance/staff"
)

func newFieldKey(ctx context.Context, j *job) error {
	o, err := j.config.keyOptions()
	if err != nil {
		return err
	}
	n, err := o.NewFieldKey(j.config.Keys)
	if err != nil {
		return err
	}
	j.say("field key %d is made, in %s. Next: bring its file to every issuer of this database, stop them all, start them\nall, and move with -reseal-data what lies under older keys.", n, j.config.Keys)
	if err := j.note(ctx, staff.NewFieldKey, fieldKey(n), ""); err != nil {
		return fmt.Errorf("the key is good, but the trail does not have it: %w", err)
	}
	return nil
}

func (j *job) walker(ctx context.Context) (*reseal.Walker, error) {
	v, err := j.vault()
	if err != nil {
		return nil, err
	}
	db, err := j.store(ctx)
	if err != nil {
		return nil, err
	}
	return reseal.New(db.Database(), v, issuance.SealedColumns())
}

// maxNamed bounds the broken fields that are printed.
const maxNamed = 20

// resealData can be cut off at any time: what was moved stays moved.
func resealData(ctx context.Context, j *job) error {
	w, err := j.walker(ctx)
	if err != nil {
		return err
	}
	if err := j.note(ctx, staff.Reseal, theDatabase, ""); err != nil {
		return err
	}
	news := j.news()
	r, err := w.Walk(ctx, reseal.Position{}, func(r reseal.Report) {
		news.say("%s of %s: %d fields looked at, %d sealed anew", r.At.Column, r.At.Table, r.Looked, r.Moved)
	})
	j.say("%d fields looked at, %d sealed anew, %d in use and missed, %d do not open", r.Looked, r.Moved, r.Missed, r.Unopened)
	for _, b := range r.Broken[:min(len(r.Broken), maxNamed)] {
		j.say("does not open: %s of %s, row %s: %v", b.Column, b.Table, b.Row, b.Why)
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
	j.say("every field is under the newest key")
	return nil
}

// dropFieldKey writes the order down before it is carried out: a key that is gone
// must be explained.
func dropFieldKey(ctx context.Context, j *job) error {
	n, err := strconv.Atoi(j.value)
	if err != nil || n < 1 {
		return fmt.Errorf("-drop-field-key must be the number in the name of a field key's file, from 1")
	}
	w, err := j.walker(ctx)
	if err != nil {
		return err
	}
	left, err := w.Left(ctx)
	if err != nil {
		return err
	}
	if left > 0 {
		return fmt.Errorf("%d fields are not under the newest key, and may need this one: -reseal-data comes first", left)
	}
	if err := j.note(ctx, staff.DropFieldKey, fieldKey(n), ""); err != nil {
		return err
	}
	if err := keystore.DropFieldKey(j.config.Keys, n); err != nil {
		return err
	}
	j.say("field key %d in %s is destroyed. Backups of the database from before the last -reseal-data need it: destroy copies\nof the directory that hold it when those backups have gone.", n, j.config.Keys)
	return nil
}
