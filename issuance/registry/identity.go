package registry

import (
	"bytes"
	"context"
	"database/sql"
	"errors"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
)

// errIdentityLost refuses to verify a failed account with an identity that a window took from it:
// two accounts would share the identity.
var errIdentityLost = problem.New(rules.IdentityRegistered, "a window took this identity from the account; its owner can claim it in person at a station window")

// hasLost reports whether a window took the identity from the account (rule B11).
func (s *Store) hasLost(h holder, p identity.Person) bool {
	return bytes.Equal(h.lost, s.documentHash(indexHolder, p))
}

// assignIdentity gives a document to the account and frees the document it had (rule B11). An
// identity that a window took from this account is not assigned again by a form; that needs a
// window as well. The problem is the same for every reason, since callers must not learn whether an
// account has the identity or a closed account had it.
func (s *Store) assignIdentity(ctx context.Context, tx *sql.Tx, h holder, p identity.Person) error {
	document := s.documentHash(indexHolder, p)
	if bytes.Equal(h.lost, document) {
		return rules.CanRegister(true)
	}
	// The new identity is inserted first: a transaction that waits here holds no identity row that
	// the other could wait for.
	n, err := database.Changed(ctx, tx, `
		INSERT INTO identities (person, account) VALUES ($1, $2)
		ON CONFLICT (person) DO UPDATE SET account = excluded.account, until_ms = NULL
		WHERE identities.account = excluded.account OR identities.until_ms <= $3`,
		document, h.id, s.now())
	if err != nil {
		return err
	}
	if err := rules.CanRegister(n == 0); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM identities WHERE account = $1 AND person <> $2`, h.id, document)
	return err
}

// DuplicateVisit is a visit about an identity that is already registered.
type DuplicateVisit struct {
	Principal
	Document    identity.Entry // the visitor's own
	rules.Visit                // without At, which the member's role determines
}

// closedAccount is the object in the audit log for an account that no longer exists.
const closedAccount = "closed"

// FreeIdentity takes an identity from the account that has it, or from a closed one, so that the
// person can register (rule B11). The account's own status becomes failed; its list and its tickets
// remain. It gets the identity back only by [Store.Claim].
//
// Known gap: until the person registers, anyone who knows the number can register it again. The
// identity is then pending, and the same visit frees it again; registering at the window avoids
// this. Claim has no such gap, but needs an owner with an account.
func (s *Store) FreeIdentity(ctx context.Context, d DuplicateVisit) error {
	at, err := d.counter()
	if err != nil {
		return err
	}
	d.At = at
	if err := rules.CanFreeIdentity(d.Visit); err != nil {
		return err
	}
	person, err := rules.ReadDocument(d.Document, s.Now())
	if err != nil {
		return err
	}
	document := s.documentHash(indexHolder, person)
	return s.Database.Change(ctx, "free identity", func(ctx context.Context, tx *sql.Tx) error {
		owner, err := s.identityOwner(ctx, tx, document)
		if err != nil {
			return err
		}
		if owner == "" {
			return problem.New(NotRegistered, "no account has this identity")
		}
		if owner != closedAccount {
			if err := s.lockHolder(ctx, tx, owner); err != nil {
				return err
			}
		}
		return s.releaseIdentity(ctx, tx, d.Principal, document, owner)
	})
}

// identityOwner returns the account that has an identity; closedAccount for a closed one, empty for
// none.
func (s *Store) identityOwner(ctx context.Context, q database.Queries, document []byte) (string, error) {
	var owner sql.NullString
	err := q.QueryRowContext(ctx, `SELECT account FROM identities WHERE person = $1 AND (until_ms IS NULL OR until_ms > $2)`,
		document, s.now()).Scan(&owner)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", nil
	case err != nil:
		return "", err
	case !owner.Valid:
		return closedAccount, nil
	}
	return owner.String, nil
}

// releaseIdentity takes an identity from owner, which is a result of identityOwner and whose holder
// is locked. If owner is empty it does nothing.
func (s *Store) releaseIdentity(ctx context.Context, tx *sql.Tx, a Principal, document []byte, owner string) error {
	if owner == "" {
		return nil
	}
	if owner != closedAccount {
		_, err := tx.ExecContext(ctx, `UPDATE holders SET status = $2, lost = $3, version = version + 1 WHERE id = $1`, owner, rules.FreedStatus, document)
		if err != nil {
			return err
		}
	}
	// It may have changed hands before the lock was acquired.
	n, err := database.Changed(ctx, tx, `DELETE FROM identities WHERE person = $1 AND COALESCE(account, $2) = $2`, document, owner)
	if err != nil {
		return err
	}
	if n == 0 {
		return errEntryChanged
	}
	return s.audit(ctx, tx, a, staff.ResolveDuplicate, Ref{Account: owner}, "identity freed")
}
