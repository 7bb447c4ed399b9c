// Package audittest gives tests an audit log to write to.
package audittest

import (
	"testing"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/vault"
)

// Key is the key of the chain.
var Key = vault.Key{1}

// On is the audit log of a database. It does not run: entries stay unsealed.
func On(t testing.TB, db *database.DB) *audit.Trail {
	t.Helper()
	trail, err := audit.New(audit.Config{DB: db, Key: Key})
	if err != nil {
		t.Fatal(err)
	}
	return trail
}
