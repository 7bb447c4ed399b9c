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

// chainedLog runs an issuer until it has chained every audit entry, and returns the
// chain's head.
func (h *harness) chainedLog() (head audit.Anchor) {
	h.t.Helper()
	stop := h.startReady()
	runtest.Eventually(h.t, timeout, "every entry to be chained", func() bool {
		waiting := -1
		h.withDatabase(func(db *sql.DB) error {
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

// Verification finds entries that were changed in the database.
func TestChangedAuditEntryIsDetected(t *testing.T) {
	h := newHarness(t)
	h.announce()
	for range 3 {
		h.asOperator("-republish")
	}
	head := h.chainedLog()
	runtest.Has(t, h.mustRun("-verify-audit-log", "-anchor", head.String()), fmt.Sprintf("the chain holds: %d entries, up to anchor %v", head.Position, head))
	forged := audit.Anchor{Position: 2}
	h.wantError("the audit log is broken", "-verify-audit-log", "-anchor", forged.String()+","+head.String())

	h.asOperator("-republish") // stays unchained: no issuer runs
	runtest.Has(t, h.mustRun("-verify-audit-log"), "1 entries are not chained yet")
	h.execSQL(nil, `DROP TRIGGER audit_update`, `UPDATE audit SET who = 'day-shift' WHERE position = 3`)
	out := h.mustFail("-verify-audit-log")
	runtest.Has(t, out, "BROKEN at position 3 (row 3), because the entry differs from the one that was chained at this position", "2 entries before it are intact")
}

// An entry written to the database by other means is never chained, and verification
// names it.
func TestForgedAuditEntryIsDetected(t *testing.T) {
	h := newHarness(t)
	h.announce()
	h.asOperator("-republish")
	head := h.chainedLog()
	h.execSQL(nil, `DROP TRIGGER audit_insert`, `INSERT INTO audit (id, at_ms, who, role, action, object_kind, object, detail, request)
		SELECT 7000, at_ms, 'day-shift', role, action, object_kind, object, detail, request FROM audit WHERE position = 1`)
	stop := h.startReady()
	h.asOperator("-republish")
	chained := head.Position
	runtest.Eventually(h.t, timeout, "the command's entry to be chained", func() bool {
		h.withDatabase(func(db *sql.DB) error { return db.QueryRow(`SELECT position FROM audit_chain`).Scan(&chained) })
		return chained > head.Position
	})
	stop()
	out := h.mustFail("-verify-audit-log")
	runtest.Has(t, out, fmt.Sprintf("BROKEN at position %d (row 7000), because it has no proof that an issuer wrote it; %d entries before it are intact", chained+1, chained))
	runtest.Has(t, h.mustRun("-by", "night-shift", "-audit-log"), "FORGED: it has no proof that an issuer wrote it")
}

// appendEntries writes n audit entries as an issuer does.
func (h *harness) appendEntries(n int, entry func(i int) audit.Entry) {
	h.t.Helper()
	keys, err := h.config.openKeys()
	runtest.Must(h.t, err)
	db, err := openOutbox(h.t.Context(), &h.config, false)
	runtest.Must(h.t, err)
	defer db.Close()
	auditLog, err := audit.New(audit.Config{DB: db.Database(), Key: vault.New(keys.Vault, keys.FieldKeys...).AuditKey()})
	runtest.Must(h.t, err)
	err = db.Database().Change(h.t.Context(), "append entries", func(ctx context.Context, tx *sql.Tx) error {
		for i := range n {
			if err := auditLog.Append(ctx, tx, entry(i+1)); err != nil {
				return err
			}
		}
		return nil
	})
	runtest.Must(h.t, err)
}

// -audit-log filters entries by time and object, and is recorded itself.
func TestAuditLogIsPrinted(t *testing.T) {
	h := newHarness(t)
	h.announce()
	h.asOperator("-revoke-subject", "0102030405060708")
	middle := time.Now()
	runtest.Eventually(t, timeout, "the next second", func() bool { return time.Now().Unix() > middle.Unix() })
	h.asOperator("-republish")

	out := h.asOperator("-audit-log")
	runtest.Has(t, out, "TIME", "night-shift", "revoke_subject", "subject:0102030405060708", "stream:control")
	if strings.Index(out, "republish") > strings.Index(out, "revoke_subject") {
		t.Errorf("entries are not newest first:\n%s", out)
	}
	for flag, value := range map[string]string{"-object": "subject:0102030405060708", "-before": middle.Add(time.Second).Format(time.RFC3339)} {
		out := h.asOperator("-audit-log", flag, value)
		runtest.Has(t, out, "revoke_subject")
		runtest.HasNot(t, out, "republish")
	}
	if out := h.asOperator("-audit-log", "-from", middle.Add(time.Second).Format(time.RFC3339)); !strings.Contains(out, "republish") || strings.Contains(out, "revoke_subject  ") {
		t.Errorf("-from printed other entries than the republication:\n%s", out)
	}
	var r audit.Record
	first, _, _ := strings.Cut(h.asOperator("-audit-log", "-json"), "\n")
	if err := json.Unmarshal([]byte(first), &r); err != nil || r.Action != "read_audit_log" || r.Who != "night-shift" || r.Object.ID != "all" {
		t.Errorf("the newest JSON entry is %+v (%v), want read_audit_log by night-shift", r, err)
	}
	h.wantError("the object's kind is unknown", "-by", "night-shift", "-audit-log", "-object", "person:1")
	h.wantError("-by must name", "-audit-log")
}

// Old entries move from the database to a file, and the chain still verifies.
func TestOldAuditEntriesAreArchived(t *testing.T) {
	h := newHarness(t)
	h.announce()
	old := time.Now().Add(-audit.MinAge - time.Hour).UnixMilli()
	const n = 1100 // more than one batch
	h.appendEntries(n, func(i int) audit.Entry {
		return audit.Entry{AtMs: old - n - 1 + int64(i), Who: "window-7", Role: staff.Window, Action: staff.Revoke,
			Object: audit.Object{Kind: audit.Credential, ID: fmt.Sprintf("20494-%d", i)}}
	})
	h.asOperator("-republish")
	h.chainedLog()
	file := filepath.Join(h.dir, "audit.json")
	h.wantError("184 days", "-by", "night-shift", "-archive-audit-log", file, "-before", time.Now().Format(time.RFC3339))
	runtest.Must(t, os.Remove(file))
	runtest.Has(t, h.asOperator("-archive-audit-log", file), fmt.Sprintf("%d entries are in %s", n, file))
	h.wantError("exists", "-by", "night-shift", "-archive-audit-log", file)
	runtest.Has(t, h.mustRun("-verify-audit-log"), fmt.Sprintf("entries up to position %d are archived", n), "the chain holds")

	f, err := os.Open(file)
	runtest.Must(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	at := int64(0)
	for ; lines.Scan(); at++ {
		var r audit.Record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil || r.Position != at+1 || r.Who != "window-7" {
			t.Fatalf("archive line %d is %+v (%v)", at+1, r, err)
		}
	}
	if at != n {
		t.Fatalf("the archive has %d lines, want %d", at, n)
	}
	empty := filepath.Join(h.dir, "empty.json")
	runtest.Has(t, h.asOperator("-archive-audit-log", empty), "no entry is old enough")
	if _, err := os.Stat(empty); err == nil {
		t.Error("an empty archive file was not removed")
	}
}
