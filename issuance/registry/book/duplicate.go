package book

import (
	"context"
	"database/sql"
	"errors"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/refusal"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/staff"
)

// Duplicate is a visit about an identity that is registered already.
type Duplicate struct {
	Act
	Shown                                 Shown // the person's own document
	Original, InDate, Readable, Delegated bool  // as in registry.Visit
}

// freedOfClosed stands in the trail for an account that does not exist any more.
const freedOfClosed = "closed"

// FreeIdentity takes an identity from the account that has it, or from one that is
// closed, so that the person can register (rule B11). The account's own status is
// then failed; its list and its tickets stay, and it cannot take the identity back.
//
// Known hole: until the person registers, anybody who knows the number can again.
// It is pending then, and the way back is the same. Register at the window.
func (b *Book) FreeIdentity(ctx context.Context, d Duplicate) error {
	at, err := d.counter()
	if err != nil {
		return err
	}
	status, err := registry.FreeIdentity(registry.Visit{At: at, Original: d.Original, InDate: d.InDate, Readable: d.Readable, Delegated: d.Delegated})
	if err != nil {
		return err
	}
	person, err := b.read(d.Shown)
	if err != nil {
		return err
	}
	document := b.document(indexHolder, person)
	return b.Database.Change(ctx, "free identity", func(ctx context.Context, tx *sql.Tx) error {
		var has sql.NullString
		err := tx.QueryRowContext(ctx, `SELECT account FROM identities WHERE person = $1 AND (until_ms IS NULL OR until_ms > $2)`,
			document, b.Now().UnixMilli()).Scan(&has)
		if err == sql.ErrNoRows {
			return refusal.New(NotRegistered, "no account has this identity")
		}
		if err != nil {
			return err
		}
		account := freedOfClosed
		if has.Valid {
			account = has.String
			_, err := b.holder(ctx, tx, account, b.Database.ForUpdate)
			if errors.Is(err, database.ErrNotFound) {
				return errEntryChanged // closed meanwhile
			}
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `UPDATE holders SET status = $2, lost = $3, version = version + 1 WHERE id = $1`, account, status, document)
			if err != nil {
				return err
			}
		}
		// It may have gone elsewhere before the lock was ours.
		n, err := database.Changed(ctx, tx, `DELETE FROM identities WHERE person = $1 AND COALESCE(account, $2) = $2`, document, account)
		if err != nil {
			return err
		}
		if n == 0 {
			return errEntryChanged
		}
		return b.trail(ctx, tx, d.Act, staff.ResolveDuplicate, Ref{Account: account}, "identity is free again")
	})
}
