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

var auditLogCommands = []command{
	{name: "verify-audit-log", doc: "verify the audit log's hash chain; exit 0 if it holds, exit 1 and print the first broken place if not", with: []string{"anchor"}, run: verifyAuditLog},
	{name: "audit-log", doc: "print audit entries, newest first; without -from, -before or -object the last 100", with: []string{"from", "before", "object", "json"}, by: true, run: printAuditLog},
	{name: "archive-audit-log", doc: "move audit entries older than 184 days to the new file `FILE`, one JSON object per line", with: []string{"before"}, by: true, run: archiveAuditLog},
}

var errBroken = errors.New("the audit log is broken: keep the database unchanged, and find out who could write to it")

// verifyAuditLog only reads: it needs no -by and writes no entry, because the log under
// examination must not change.
func verifyAuditLog(ctx context.Context, inv *invocation) error {
	var anchors []audit.Anchor
	if list := inv.option["anchor"]; list != "" {
		for text := range strings.SplitSeq(list, ",") {
			a, err := audit.ParseAnchor(text)
			if err != nil {
				return fmt.Errorf("-anchor: %w", err)
			}
			anchors = append(anchors, a)
		}
	}
	if err := inv.openDatabase(ctx); err != nil {
		return err
	}
	progress := inv.progress()
	r, err := inv.log.Verify(ctx, anchors, func(at, head int64) { progress.show("position %d of %d", at, head) })
	if err != nil {
		return fmt.Errorf("not verified: %w", err)
	}
	if r.Base.Position > 0 {
		inv.printf("entries up to position %d are archived", r.Base.Position)
	}
	for _, a := range r.Unchecked {
		inv.printf("not checked: anchor %v belongs to an archived entry", a)
	}
	if r.Broken != nil {
		inv.printf("BROKEN at %v; %d entries before it are intact", r.Broken, r.Checked)
		return errBroken
	}
	inv.printf("the chain holds: %d entries, up to anchor %v; %d entries are not chained yet, all written by an issuer", r.Checked, r.Head, r.Unchained)
	return nil
}

// printAuditLog records who reads the audit log before it prints anything.
func printAuditLog(ctx context.Context, inv *invocation) error {
	q, all, err := inv.auditLogQuery()
	if err != nil {
		return err
	}
	if err := inv.openDatabase(ctx); err != nil {
		return err
	}
	page, err := inv.log.Read(ctx, q)
	if r := (*problem.Error)(nil); errors.As(err, &r) {
		return errors.New(r.Detail)
	}
	if err != nil {
		return err
	}
	object := q.Object
	if object == (audit.Object{}) {
		object = audit.Object{Kind: audit.AuditLog, ID: "all"}
	}
	if err := inv.note(ctx, q.ReadAction(), object, ""); err != nil {
		return err
	}
	show, end := inv.table()
	if _, asJSON := inv.option["json"]; asJSON {
		show, end = json.NewEncoder(inv.out).Encode, func() error { return nil }
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
		if page, err = inv.log.Read(ctx, q); err != nil {
			return errors.Join(end(), err)
		}
	}
}

// auditLogQuery parses the options; all is true if every page is to be printed.
func (inv *invocation) auditLogQuery() (q audit.Query, all bool, err error) {
	from, err := inv.timeOption("from", time.Time{})
	if err != nil {
		return q, false, err
	}
	before, err := inv.timeOption("before", time.Time{})
	if err != nil {
		return q, false, err
	}
	if !from.IsZero() {
		q.FromMs = from.UnixMilli()
	}
	if !before.IsZero() {
		q.ToMs = before.UnixMilli()
	}
	if text, given := inv.option["object"]; given {
		kind, id, _ := strings.Cut(text, ":")
		q.Object = audit.Object{Kind: audit.Kind(kind), ID: id}
	}
	all = !from.IsZero() || !before.IsZero() || q.Object != (audit.Object{})
	return q, all, nil
}

// table prints records in columns. The output is buffered until end is called.
func (inv *invocation) table() (show func(any) error, end func() error) {
	w := tabwriter.NewWriter(inv.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TIME\tWHO\tROLE\tACTION\tOBJECT\tDETAIL\tREQUEST\tPOSITION")
	return func(record any) error {
		r := record.(audit.Record)
		position := strconv.FormatInt(r.Position, 10)
		if r.Forged != "" {
			position = "FORGED: " + r.Forged
		}
		_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s:%s\t%s\t%s\t%s\n", time.UnixMilli(r.AtMs).UTC().Format("2006-01-02T15:04:05.000Z"),
			printable(r.Who), printable(string(r.Role)), printable(string(r.Action)), printable(string(r.Object.Kind)), printable(r.Object.ID),
			printable(r.Detail), printable(r.Request), position)
		return err
	}, w.Flush
}

// printable replaces control characters. Issuers never write them; a forged row may
// contain them.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// archiveAuditLog moves old entries in batches. Each batch is synced to disk before it
// is deleted from the database.
func archiveAuditLog(ctx context.Context, inv *invocation) (err error) {
	before, err := inv.timeOption("before", time.Now().Add(-audit.MinAge))
	if err != nil {
		return err
	}
	if err := inv.openDatabase(ctx); err != nil {
		return err
	}
	f, err := os.OpenFile(inv.value, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("-archive-audit-log: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := ownfile.SyncDir(filepath.Dir(inv.value)); err != nil {
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
	progress, moved, last := inv.progress(), 0, audit.Anchor{}
	for {
		a, err := inv.log.Archive(ctx, inv.newEntry(), before, keep)
		if err != nil {
			return fmt.Errorf("%s contains %d entries that were deleted from the database, and perhaps some that were not; keep it, and continue with another file: %w", inv.value, moved, err)
		}
		if a.Entries == 0 {
			break
		}
		moved, last = moved+a.Entries, a.To
		progress.show("%d entries archived", moved)
	}
	if moved == 0 {
		inv.printf("no entry is old enough to archive")
		return os.Remove(inv.value)
	}
	inv.printf("%d entries are in %s, up to anchor %v; keep the file: it is their only copy", moved, inv.value, last)
	return nil
}
