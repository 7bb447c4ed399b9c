package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/problem"
)

var commandsOfTheTrail = []command{
	{name: "verify-trail", doc: "recompute the audit trail's chain and exit: 0 if it holds, 1 with the first place where it does not", with: []string{"anchor"}, run: verifyTrail},
	{name: "trail", doc: "print what was done, newest first, and exit; without -from, -before or -object the last 100 acts", with: []string{"from", "before", "object", "json"}, by: true, run: printTrail},
	{name: "archive-trail", doc: "move acts of more than 184 days ago to the new file `FILE`, one JSON object a line, and exit", with: []string{"before"}, by: true, run: archiveTrail},
}

var errBroken = errors.New("the audit trail is broken: keep the database as it is, and find out who could write to it")

// verifyTrail only reads, and so needs no order: what is to be judged stays as it is.
func verifyTrail(ctx context.Context, j *job) error {
	var anchors []audit.Anchor
	if list := j.option["anchor"]; list != "" {
		for text := range strings.SplitSeq(list, ",") {
			a, err := audit.ParseAnchor(text)
			if err != nil {
				return fmt.Errorf("-anchor: %w", err)
			}
			anchors = append(anchors, a)
		}
	}
	if err := j.open(ctx); err != nil {
		return err
	}
	news := j.news()
	r, err := j.log.Verify(ctx, anchors, func(at, head int64) { news.say("position %d of %d", at, head) })
	if err != nil {
		return fmt.Errorf("not verified: %w", err)
	}
	if r.Base.Position > 0 {
		j.say("acts up to position %d were archived", r.Base.Position)
	}
	for _, a := range r.Unchecked {
		j.say("not checked: anchor %v is of an act that was archived", a)
	}
	if r.Broken != nil {
		j.say("BROKEN at %v; %d acts before it hold", r.Broken, r.Checked)
		return errBroken
	}
	j.say("the chain holds: %d acts, up to anchor %v; %d wait to be sealed, and an issuer wrote each", r.Checked, r.Head, r.Unsealed)
	return nil
}

// printTrail enters who reads into the trail before anything is shown.
func printTrail(ctx context.Context, j *job) error {
	q, all, err := j.trailQuery()
	if err != nil {
		return err
	}
	if err := j.open(ctx); err != nil {
		return err
	}
	page, err := j.log.Read(ctx, q)
	if r := (*problem.Error)(nil); errors.As(err, &r) {
		return errors.New(r.Detail)
	}
	if err != nil {
		return err
	}
	object := q.Object
	if object == (audit.Object{}) {
		object = audit.Object{Kind: audit.Chain, ID: "all"}
	}
	if err := j.note(ctx, q.ReadAction(), object, ""); err != nil {
		return err
	}
	show, end := j.table()
	if _, asJSON := j.option["json"]; asJSON {
		show, end = json.NewEncoder(j.out).Encode, func() error { return nil }
	}
	for {
		for _, r := range page.Records {
			if err := show(r); err != nil {
				return err
			}
		}
		if q.After = page.Next; !all || q.After == "" {
			return end()
		}
		if page, err = j.log.Read(ctx, q); err != nil {
			return errors.Join(end(), err)
		}
	}
}

// trailQuery reads the options; all says that every page is wanted.
func (j *job) trailQuery() (q audit.Query, all bool, err error) {
	from, err := j.moment("from", time.Time{})
	if err != nil {
		return q, false, err
	}
	before, err := j.moment("before", time.Time{})
	if err != nil {
		return q, false, err
	}
	if !from.IsZero() {
		q.FromMs = from.UnixMilli()
	}
	if !before.IsZero() {
		q.ToMs = before.UnixMilli()
	}
	if text, given := j.option["object"]; given {
		kind, id, _ := strings.Cut(text, ":")
		q.Object = audit.Object{Kind: audit.Kind(kind), ID: id}
	}
	all = !from.IsZero() || !before.IsZero() || q.Object != (audit.Object{})
	return q, all, nil
}

// table shows records in columns; what it is given comes out at end.
func (j *job) table() (show func(any) error, end func() error) {
	w := tabwriter.NewWriter(j.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TIME\tWHO\tROLE\tACTION\tOBJECT\tDETAIL\tREQUEST\tPOSITION")
	return func(record any) error {
		r := record.(audit.Record)
		position := strconv.FormatInt(r.Position, 10)
		if r.Forged != "" {
			position = "FORGED: " + r.Forged
		}
		_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s:%s\t%s\t%s\t%s\n", time.UnixMilli(r.AtMs).UTC().Format("2006-01-02T15:04:05.000Z"),
			harmless(r.Who), harmless(string(r.Role)), harmless(string(r.Action)), harmless(string(r.Object.Kind)), harmless(r.Object.ID),
			harmless(r.Detail), harmless(r.Request), position)
		return err
	}, w.Flush
}

// harmless keeps from the terminal what only somebody who wrote the database by
// other means can have put there.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// archiveTrail moves what is old enough, batch by batch: each is on disk before it
// leaves the database.
func archiveTrail(ctx context.Context, j *job) (err error) {
	before, err := j.moment("before", time.Now().Add(-audit.MinAge))
	if err != nil {
		return err
	}
	if err := j.open(ctx); err != nil {
		return err
	}
	f, err := os.OpenFile(j.value, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("-archive-trail: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := ownfile.SyncDir(filepath.Dir(j.value)); err != nil {
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
		a, err := j.log.Archive(ctx, j.by(), before, keep)
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
