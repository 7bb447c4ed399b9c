package registry

import (
	"bytes"
	"context"
	"database/sql"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
)

// errIdentityLost: a failed account cannot be verified with an identity that a
// window took from it. It would share the identity with the account that has it now.
var errIdentityLost = problem.New(rules.IdentityRegistered, "a window took this identity from the account; its owner can have it back in person at a station window")

// hasLost reports whether a window took the identity from the account (rule B11).
func (b *Store) hasLost(h holder, p rules.Person) bool {
	return bytes.Equal(h.lost, b.document(indexHolder, p))
}

// claim makes a document the account's, and whatever it had before nobody's (rule
// B11). An identity that a window took from this account does not come back to it
// by a form: that is for a window, too. The refusal is one for all reasons: whether
// an account has the identity or a closed one had it is nobody's to know.
func (b *Store) claim(ctx context.Context, tx *sql.Tx, h holder, p rules.Person) error {
	document := b.document(indexHolder, p)
	if b.hasLost(h, p) {
		return rules.CanRegister(true)
	}
	// First the new one: who waits here for another account holds nothing that the
	// other can wait for.
	n, err := database.Changed(ctx, tx, `
		INSERT INTO identities (person, account) VALUES ($1, $2)
		ON CONFLICT (person) DO UPDATE SET account = excluded.account, until_ms = NULL
		WHERE identities.account = excluded.account OR identities.until_ms <= $3`,
		document, h.id, b.Now().UnixMilli())
	if err != nil {
		return err
	}
	if err := rules.CanRegister(n == 0); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM identities WHERE account = $1 AND person <> $2`, h.id, document)
	return err
}
