package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/test/harness/runtest"
)

// chainedAuditLog has an issuer seal what was ordered, and returns the chain's end.
func (d *system) chainedAuditLog() (head audit.Anchor) {
	d.t.Helper()
	stop := d.serves()
	runtest.Eventually(d.t, patience, "the trail to be sealed", func() bool {
		waiting := -1
		d.sql(func(db *sql.DB) error {
			var hash []byte
			if err := db.QueryRow(`SELECT position, head_hash FROM audit_chain`).Scan(&head.Position, &hash); err != nil {
				return err
			}
			head.Hash = audit.Hash(hash)
			return db.QueryRow(`SELECT COUNT(*) FROM audit WHERE position IS NULL`).Scan(&waiting)
		})
		return waiting == 0
	})
	stop()
	return head
}

// Whoever can write the database can change what stands there, but not unnoticed.
func TestAuditLogThatWasChangedIsFound(t *testing.T) {
	d := newSystem(t)
	d.announce()
	for range 3 {
		d.orders("-republish")
	}
	head := d.chainedAuditLog()
	runtest.Has(t, d.does("-verify-audit-log", "-anchor", head.String()), fmt.Sprintf("the chain holds: %d acts, up to anchor %v", head.Position, head))
	forged := audit.Anchor{Position: 2}
	d.refused("the audit trail is broken", "-verify-audit-log", "-anchor", forged.String()+","+head.String())

	d.orders("-republish") // nobody seals it: no issuer runs
	runtest.Has(t, d.does("-verify-audit-log"), "1 wait to be sealed")
	d.exec(nil, `DROP TRIGGER audit_update`, `UPDATE audit SET who = 'day-shift' WHERE position = 3`)
	out := d.fails("-verify-audit-log")
	runtest.Has(t, out, "BROKEN at position 3 (row 3), because the entry is not the one that was sealed there", "2 acts before it hold")
}

// An act that was put into the database by other means is never sealed, and named.
func TestActThatNoIssuerWroteIsFound(t *testing.T) {
	d := newSystem(t)
	d.announce()
	d.orders("-republish")
	head := d.chainedAuditLog()
	d.exec(nil, `DROP TRIGGER audit_insert`, `INSERT INTO audit (id, at_ms, who, role, action, object_kind, object, detail, request)
		SELECT 7000, at_ms, 'day-shift', role, action, object_kind, object, detail, request FROM audit WHERE position = 1`)
	stop := d.serves()
	d.orders("-republish")
	sealed := head.Position
	runtest.Eventually(d.t, patience, "the order to be sealed", func() bool {
		d.sql(func(db *sql.DB) error { return db.QueryRow(`SELECT position FROM audit_chain`).Scan(&sealed) })
		return sealed > head.Position
	})
	stop()
	out := d.fails("-verify-audit-log")
	runtest.Has(t, out, fmt.Sprintf("BROKEN at position %d (row 7000), because it carries no proof that an issuer wrote it; %d acts before it hold", sealed+1, sealed))
	runtest.Has(t, d.does("-by", "night-shift", "-audit-log"), "FORGED: it carries no proof that an issuer wrote it")
}

// acted enters n acts, as an issuer does.
func (d *system) acted(n int, act func(i int) audit.Entry) {
	d.t.Helper()
	keys, err := d.config.openKeys()
	runtest.Must(d.t, err)
	db, err := openOutbox(d.t.Context(), &d.config, false)
	runtest.Must(d.t, err)
	defer db.Close()
	auditLog, err := audit.New(audit.Config{DB: db.Database(), Key: vault.New(keys.Vault, keys.FieldKeys...).AuditKey()})
	runtest.Must(d.t, err)
	err = db.Database().Change(d.t.Context(), "act", func(ctx context.Context, tx *sql.Tx) error {
		for i := range n {
			if err := auditLog.Append(ctx, tx, act(i+1)); err != nil {
				return err
			}
		}
		return nil
	})
	runtest.Must(d.t, err)
}

// Acts are read by time and by object; who reads stands there, too.
func TestAuditLogIsRead(t *testing.T) {
	d := newSystem(t)
	d.announce()
	d.orders("-revoke-subject", "0102030405060708")
	middle := time.Now()
	runtest.Eventually(t, patience, "the next second", func() bool { return time.Now().Unix() > middle.Unix() })
	d.orders("-republish")

	out := d.orders("-audit-log")
	runtest.Has(t, out, "TIME", "night-shift", "revoke_subject", "subject:0102030405060708", "stream:control")
	if strings.Index(out, "republish") > strings.Index(out, "revoke_subject") {
		t.Errorf("not the newest first:\n%s", out)
	}
	for flag, value := range map[string]string{"-object": "subject:0102030405060708", "-before": middle.Add(time.Second).Format(time.RFC3339)} {
		out := d.orders("-audit-log", flag, value)
		runtest.Has(t, out, "revoke_subject")
		runtest.HasNot(t, out, "republish")
	}
	if out := d.orders("-audit-log", "-from", middle.Add(time.Second).Format(time.RFC3339)); !strings.Contains(out, "republish") || strings.Contains(out, "revoke_subject  ") {
		t.Errorf("from the restatement on:\n%s", out)
	}
	var r audit.Record
	first, _, _ := strings.Cut(d.orders("-audit-log", "-json"), "\n")
	if err := json.Unmarshal([]byte(first), &r); err != nil || r.Action != "read_audit_log" || r.Who != "night-shift" || r.Object.ID != "all" {
		t.Errorf("%+v, %v", r, err)
	}
	d.refused("the kind of object is not known", "-by", "night-shift", "-audit-log", "-object", "person:1")
	d.refused("-by must name", "-audit-log")
}

// Old acts leave the database for a file, and the chain holds before and after.
func TestAuditLogIsArchived(t *testing.T) {
	d := newSystem(t)
	d.announce()
	old := time.Now().Add(-audit.MinAge - time.Hour).UnixMilli()
	const n = 1100 // more than one batch
	d.acted(n, func(i int) audit.Entry {
		return audit.Entry{AtMs: old - n - 1 + int64(i), Who: "window-7", Role: staff.Window, Action: staff.Revoke,
			Object: audit.Object{Kind: audit.Credential, ID: fmt.Sprintf("20494-%d", i)}}
	})
	d.orders("-republish")
	d.chainedAuditLog()
	file := filepath.Join(d.dir, "trail.json")
	d.refused("184 days", "-by", "night-shift", "-archive-audit-log", file, "-before", time.Now().Format(time.RFC3339))
	runtest.Must(t, os.Remove(file))
	runtest.Has(t, d.orders("-archive-audit-log", file), fmt.Sprintf("%d acts are in %s", n, file))
	d.refused("exists", "-by", "night-shift", "-archive-audit-log", file)
	runtest.Has(t, d.does("-verify-audit-log"), fmt.Sprintf("acts up to position %d were archived", n), "the chain holds")

	f, err := os.Open(file)
	runtest.Must(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	at := int64(0)
	for ; lines.Scan(); at++ {
		var r audit.Record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil || r.Position != at+1 || r.Who != "window-7" {
			t.Fatalf("line %d: %+v, %v", at+1, r, err)
		}
	}
	if at != n {
		t.Fatalf("%d lines", at)
	}
	empty := filepath.Join(d.dir, "empty.json")
	runtest.Has(t, d.orders("-archive-audit-log", empty), "no act is old enough")
	if _, err := os.Stat(empty); err == nil {
		t.Error("an empty file is left")
	}
}
