package main

import (
	"database/sql"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/test/harness/runtest"
)

// A database is copied while an issuer uses it, deleted, and restored from the copy.
func TestDatabaseIsBackedUpAndRestored(t *testing.T) {
	h := newHarness(t)
	stop := h.startReady()
	before := h.approved("sandbox:pass")
	file := filepath.Join(h.dir, "copy.db")
	runtest.Has(t, h.asOperator("-backup", file), "is a checked copy")
	h.wantError("never overwrites", "-by", "night-shift", "-backup", file)
	lost := h.approved("sandbox:pass")
	h.wantError("stop all issuers", "-by", "night-shift", "-after-restore")
	stop()

	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(h.config.Database + end); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	runtest.Must(t, os.Rename(file, h.config.Database))
	runtest.Has(t, h.asOperator("-after-restore"), "continue at index", "is published again in epoch", "published;", "run the commands again", "-list-keys")
	h.startReady()
	next := h.approved("sandbox:pass")
	if next.Serial == lost.Serial || next.Serial.Index < credential.SerialJump {
		t.Fatalf("serial %s was issued after %s was lost with the database", next.Serial, lost.Serial)
	}
	h.wantSessionKey(h.keys.IssuerID, before)
	h.wantAudit("operator", "night-shift restore database:restored", "night-shift republish stream:control")
}

func TestBackupOfPostgresNamesPgDump(t *testing.T) {
	h := newHarness(t)
	h.wantError("pg_dump", "-database", "postgres://127.0.0.1:1/railgate", "-by", "night-shift", "-backup", filepath.Join(h.dir, "copy.db"))
}

// A new field key replaces the old ones, which are then destroyed.
func TestFieldKeysAreRotated(t *testing.T) {
	h := newHarness(t)
	stop := h.startReady()
	p := h.approved("sandbox:pass")
	runtest.Has(t, h.asOperator("-new-field-key"), "field key 1 is made", "-re-encrypt-data")
	runtest.Has(t, h.asOperator("-new-field-key"), "field key 2 is made")
	stop()
	h.wantError("fields are not encrypted with the newest key", "-by", "night-shift", "-drop-field-key", "1")
	stop = h.startReady()
	q := h.approved("sandbox:pass") // encrypted with the newest key
	runtest.Has(t, h.asOperator("-re-encrypt-data"), "6 fields read, 3 re-encrypted", "every field is encrypted with the newest key")
	runtest.Has(t, h.asOperator("-re-encrypt-data"), "6 fields read, 0 re-encrypted")
	h.wantError("is the newest field key", "-by", "night-shift", "-drop-field-key", "2")
	runtest.Has(t, h.asOperator("-drop-field-key", "1"), "field key 1 in", "is destroyed")
	if _, err := os.Stat(filepath.Join(h.config.Keys, "vault-field-1.key")); err == nil {
		t.Fatal("the dropped key file still exists")
	}
	stop()
	h.startReady()
	for _, p := range []approved{p, q} {
		if status, answer := h.call("GET", p.Path("/data"), p.Access, ""); status != http.StatusOK {
			t.Errorf("personal data after the rotation: %d %s", status, answer)
		}
	}

	// A damaged field is reported, and the command fails.
	h.execSQL([]any{[]byte("nonsense")}, `UPDATE applications SET city = $1 WHERE created_ms = (SELECT MIN(created_ms) FROM applications)`)
	out := h.mustFail("-by", "night-shift", "-re-encrypt-data")
	runtest.Has(t, out, "1 cannot be decrypted", "city of applications, row app_", "not an encrypted field")
	want := []string{"new_field_key key:field-1", "new_field_key key:field-2", "re_encrypt database:issuer", "re_encrypt database:issuer", "drop_field_key key:field-2", "drop_field_key key:field-1", "re_encrypt database:issuer"}
	for i := range want {
		want[i] = "night-shift " + want[i]
	}
	h.wantAudit("operator", want...)
}

func TestEraseNowErasesOldApplications(t *testing.T) {
	h := newHarness(t)
	stop := h.startReady()
	for range 3 {
		h.approved("sandbox:pass")
	}
	stop()
	h.execSQL([]any{int64(32 * 24 * 60 * 60 * 1000)}, `UPDATE applications SET created_ms = created_ms - $1 WHERE created_ms < (SELECT MAX(created_ms) FROM applications)`)
	runtest.Has(t, h.asOperator("-erase-now"), "2 applications erased")
	n := 0
	h.withDatabase(func(db *sql.DB) error { return db.QueryRow(`SELECT COUNT(*) FROM applications`).Scan(&n) })
	if n != 1 {
		t.Fatalf("%d applications remain, want 1", n)
	}
	h.wantAudit("operator", "night-shift erase application:due")
}
