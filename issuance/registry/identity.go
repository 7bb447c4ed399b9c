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

// errIdentityLost: a failed account cannot be verified with an identity that a
// window took from it. It would share the identity with the account that has it now.
var errIdentityLost = problem.New(rules.IdentityRegistered, "a window took this identity from the account; its owner can claim it in person at a station window")

// hasLost reports whether a window took the identity from the account (rule B11).
func (s *Store) hasLost(h holder, p identity.Person) bool {
	return bytes.Equal(h.lost, s.documentHash(indexHolder, p))
}

// takeIdentity makes a document the account's, and whatever it had before nobody's (rule
// B11). An identity that a window took from this account does not come back to it
// by a form: that is for a window, too. The refusal is one for all reasons: whether
// an account has the identity or a closed one had it is nobody's to know.
func (s *Store) takeIdentity(ctx context.Context, tx *sql.Tx, h holder, p identity.Person) error {
	document := s.documentHash(indexHolder, p)
	if bytes.Equal(h.lost, document) {
		return rules.CanRegister(true)
	}
	// First the new one: who waits here for another account holds nothing that the
	// other can wait for.
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

// DuplicateVisit is a visit about an identity that is registered already.
type DuplicateVisit struct {
	Principal
	Document    identity.Entry // the person's own
	rules.Visit                // without At, which the member's role says
}

// freedOfClosed stands in the audit log for an account that does not exist any more.
const freedOfClosed = "closed"

// FreeIdentity takes an identity from the account that has it, or from one that is
// closed, so that the person can register (rule B11). The account's own status is
// then failed; its list and its tickets stay. It gets the identity back by Claim
// only.
//
// Known hole: until the person registers, any person who knows the number can again.
// The identity is pending then, and the way back is the same. Register at the window.
// Claim has no such hole: it is for an owner who has an account.
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
		has, err := s.identityOwner(ctx, tx, document)
		if err != nil {
			return err
		}
		if has == "" {
			return problem.New(NotRegistered, "no account has this identity")
		}
		if has != freedOfClosed {
			if err := s.lockOther(ctx, tx, has); err != nil {
				return err
			}
		}
		return s.releaseIdentity(ctx, tx, d.Principal, document, has)
	})
}

// identityOwner is the account that has an identity: freedOfClosed for one that is closed,
// empty for none.
func (s *Store) identityOwner(ctx context.Context, q database.Queries, document []byte) (string, error) {
	var has sql.NullString
	err := q.QueryRowContext(ctx, `SELECT account FROM identities WHERE person = $1 AND (until_ms IS NULL OR until_ms > $2)`,
		document, s.now()).Scan(&has)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", nil
	case err != nil:
		return "", err
	case !has.Valid:
		return freedOfClosed, nil
	}
	return has.String, nil
}

// releaseIdentity takes an identity from the account that has it, as identityOwner says and whose
// holder is locked. From none it takes nothing.
func (s *Store) releaseIdentity(ctx context.Context, tx *sql.Tx, a Principal, document []byte, has string) error {
	if has == "" {
		return nil
	}
	if has != freedOfClosed {
		_, err := tx.ExecContext(ctx, `UPDATE holders SET status = $2, lost = $3, version = version + 1 WHERE id = $1`, has, rules.FreedStatus, document)
		if err != nil {
			return err
		}
	}
	// It may have gone elsewhere before the lock was ours.
	n, err := database.Changed(ctx, tx, `DELETE FROM identities WHERE person = $1 AND COALESCE(account, $2) = $2`, document, has)
	if err != nil {
		return err
	}
	if n == 0 {
		return errEntryChanged
	}
	return s.audit(ctx, tx, a, staff.ResolveDuplicate, Ref{Account: has}, "identity is free again")
}
