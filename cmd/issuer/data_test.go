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

// A database is copied while it is in use, lost, and brought back.
func TestDatabaseComesBack(t *testing.T) {
	d := newSystem(t)
	stop := d.serves()
	before := d.approved("sandbox:pass")
	file := filepath.Join(d.dir, "copy.db")
	runtest.Has(t, d.orders("-backup", file), "is a checked copy")
	d.refused("never overwrites", "-by", "night-shift", "-backup", file)
	lost := d.approved("sandbox:pass")
	d.refused("stop every one", "-by", "night-shift", "-after-restore")
	stop()

	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(d.config.Database + end); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	runtest.Must(t, os.Rename(file, d.config.Database))
	runtest.Has(t, d.orders("-after-restore"), "go on at index", "is said again in epoch", "published;", "order them again", "-list-keys")
	d.serves()
	next := d.approved("sandbox:pass")
	if next.Serial == lost.Serial || next.Serial.Index < credential.SerialJump {
		t.Fatalf("serial %s, after %s was lost", next.Serial, lost.Serial)
	}
	d.signedWith(d.keys.IssuerID, before)
	d.hasActs("operator", "night-shift restore database:restored", "night-shift republish stream:control")
}

func TestPostgresIsBackedUpByItsOwnTools(t *testing.T) {
	d := newSystem(t)
	d.refused("pg_dump", "-database", "postgres://127.0.0.1:1/railgate", "-by", "night-shift", "-backup", filepath.Join(d.dir, "copy.db"))
}

// The key under which personal data lie is changed, and the old one destroyed.
func TestFieldKeysAreRotated(t *testing.T) {
	d := newSystem(t)
	stop := d.serves()
	p := d.approved("sandbox:pass")
	runtest.Has(t, d.orders("-new-field-key"), "field key 1 is made", "-re-encrypt-data")
	runtest.Has(t, d.orders("-new-field-key"), "field key 2 is made")
	stop()
	d.refused("fields are not under the newest key", "-by", "night-shift", "-drop-field-key", "1")
	stop = d.serves()
	q := d.approved("sandbox:pass") // is sealed under it at once
	runtest.Has(t, d.orders("-re-encrypt-data"), "6 fields looked at, 3 sealed anew", "every field is under the newest key")
	runtest.Has(t, d.orders("-re-encrypt-data"), "6 fields looked at, 0 sealed anew")
	d.refused("is the newest field key", "-by", "night-shift", "-drop-field-key", "2")
	runtest.Has(t, d.orders("-drop-field-key", "1"), "field key 1 in", "is destroyed")
	if _, err := os.Stat(filepath.Join(d.config.Keys, "vault-field-1.key")); err == nil {
		t.Fatal("the key is still there")
	}
	stop()
	d.serves()
	for _, p := range []approved{p, q} {
		if status, answer := d.call("GET", p.Path("/data"), p.Access, ""); status != http.StatusOK {
			t.Errorf("what is held: %d %s", status, answer)
		}
	}

	// A field that somebody damaged keeps its key from being destroyed, and is named.
	d.exec([]any{[]byte("nonsense")}, `UPDATE applications SET city = $1 WHERE created_ms = (SELECT MIN(created_ms) FROM applications)`)
	out := d.fails("-by", "night-shift", "-re-encrypt-data")
	runtest.Has(t, out, "1 do not open", "city of applications, row app_", "not a sealed field")
	want := []string{"new_field_key key:field-1", "new_field_key key:field-2", "re_encrypt database:issuer", "re_encrypt database:issuer", "drop_field_key key:field-2", "drop_field_key key:field-1", "re_encrypt database:issuer"}
	for i := range want {
		want[i] = "night-shift " + want[i]
	}
	d.hasActs("operator", want...)
}

func TestEraseOnOrder(t *testing.T) {
	d := newSystem(t)
	stop := d.serves()
	for range 3 {
		d.approved("sandbox:pass")
	}
	stop()
	d.exec([]any{int64(32 * 24 * 60 * 60 * 1000)}, `UPDATE applications SET created_ms = created_ms - $1 WHERE created_ms < (SELECT MAX(created_ms) FROM applications)`)
	runtest.Has(t, d.orders("-erase-now"), "2 applications of more than 31 days ago are erased")
	left := 0
	d.sql(func(db *sql.DB) error { return db.QueryRow(`SELECT COUNT(*) FROM applications`).Scan(&left) })
	if left != 1 {
		t.Fatalf("%d applications are left", left)
	}
	d.hasActs("operator", "night-shift erase application:due")
}
