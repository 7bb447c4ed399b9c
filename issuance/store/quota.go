package store

import (
	"context"
	"database/sql"
)

// issuerItself stands in the audit lines of what the rules did without a person.
const issuerItself = "issuer"

// permitted takes the person's lock and judges what more than one application of
// a person could break: whether the credential in force may be renewed (rule A9)
// and whether the month has an approval left (A7), which it then uses up. refused
// is ErrTooSoon with the credential, ErrQuota, or nil with the credential that the
// approval supersedes, if there is one.
func (s *Store) permitted(ctx context.Context, tx *sql.Tx, g Grant) (inForce *Credential, refused, err error) {
	var day, index sql.NullInt64
	// The update changes nothing: it locks the row and reads it as it is now.
	err = tx.QueryRowContext(ctx, `
		INSERT INTO persons (person) VALUES ($1) ON CONFLICT (person) DO UPDATE SET person = excluded.person
		RETURNING day, idx`, g.Person[:]).Scan(&day, &index)
	if err != nil {
		return nil, nil, err
	}
	if day.Valid {
		// Locked, since staff may revoke it at this moment.
		c, err := credential(ctx, tx, `day = $1 AND idx = $2`+s.db.ForUpdate, day.Int64, index.Int64)
		if err != nil {
			return nil, nil, err
		}
		if c.RevokedMs == 0 && g.ApprovedMs < c.ExpiresMs {
			inForce = c
		}
	}
	if inForce != nil && g.ApprovedMs < inForce.ExpiresMs-g.RenewalMs {
		return inForce, ErrTooSoon, nil
	}
	var used int
	err = tx.QueryRowContext(ctx, `
		INSERT INTO quotas (person, month, used) VALUES ($1, $2, 1)
		ON CONFLICT (person, month) DO UPDATE SET used = quotas.used + 1 WHERE quotas.used < $3
		RETURNING used`, g.Person[:], g.Month, g.Quota).Scan(&used)
	if err == sql.ErrNoRows {
		return nil, ErrQuota, nil
	}
	return inForce, nil, err
}
