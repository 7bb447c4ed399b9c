package registry

import (
	"context"
	"database/sql"
	"errors"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
)

// DuplicateVisit is a visit about an identity that is registered already.
type DuplicateVisit struct {
	Principal
	Document                              ShownDocument // the person's own document
	Original, InDate, Readable, Delegated bool          // as in rules.Visit
}

// freedOfClosed stands in the trail for an account that does not exist any more.
const freedOfClosed = "closed"

// FreeIdentity takes an identity from the account that has it, or from one that is
// closed, so that the person can register (rule B11). The account's own status is
// then failed; its list and its tickets stay. It gets the identity back by Claim
// only.
//
// Known hole: until the person registers, any person who knows the number can again.
// The identity is pending then, and the way back is the same. Register at the window.
// Claim has no such hole: it is for an owner who has an account.
func (b *Store) FreeIdentity(ctx context.Context, d DuplicateVisit) error {
	at, err := d.counter()
	if err != nil {
		return err
	}
	if err := rules.CanFreeIdentity(rules.Visit{At: at, Original: d.Original, InDate: d.InDate, Readable: d.Readable, Delegated: d.Delegated}); err != nil {
		return err
	}
	person, err := b.read(d.Document)
	if err != nil {
		return err
	}
	document := b.document(indexHolder, person)
	return b.Database.Change(ctx, "free identity", func(ctx context.Context, tx *sql.Tx) error {
		has, err := b.whoHas(ctx, tx, document)
		if err != nil {
			return err
		}
		if has == "" {
			return problem.New(NotRegistered, "no account has this identity")
		}
		if has != freedOfClosed {
			if err := b.lockOther(ctx, tx, has); err != nil {
				return err
			}
		}
		return b.free(ctx, tx, d.Principal, document, has)
	})
}

// whoHas is the account that has an identity: freedOfClosed for one that is closed,
// empty for none.
func (b *Store) whoHas(ctx context.Context, q database.Queries, document []byte) (string, error) {
	var has sql.NullString
	err := q.QueryRowContext(ctx, `SELECT account FROM identities WHERE person = $1 AND (until_ms IS NULL OR until_ms > $2)`,
		document, b.Now().UnixMilli()).Scan(&has)
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

// free takes an identity from the account that has it, as whoHas says and whose
// holder is locked. From none it takes nothing.
func (b *Store) free(ctx context.Context, tx *sql.Tx, a Principal, document []byte, has string) error {
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
	return b.trail(ctx, tx, a, staff.ResolveDuplicate, Ref{Account: has}, "identity is free again")
}
