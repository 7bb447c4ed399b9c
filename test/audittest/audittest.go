// Package audittest gives tests an audit log to write to.
package audittest

import (
	"testing"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/vault"
)

// Key is the key of the hash chain.
var Key = vault.Key{1}

// OpenLog opens the audit log of a database. Its background work does not run: entries stay unchained.
func OpenLog(t testing.TB, db *database.DB) *audit.Log {
	t.Helper()
	auditLog, err := audit.New(audit.Config{DB: db, Key: Key})
	if err != nil {
		t.Fatal(err)
	}
	return auditLog
}
