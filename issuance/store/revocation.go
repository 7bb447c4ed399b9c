package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// Change revokes a credential or lifts its revocation.
type Change struct {
	Serial tokens.Serial
	Revoke bool
	Reason string
	Who    string // the staff credential's name
	AtMs   int64
}

// ErrExpired says that the credential was over at the time of the change.
var ErrExpired = errors.New("store: credential has expired")

// Apply brings the credential into the wanted state, together with the record
// for the stream and the line for audit. It changes nothing if the state is
// that already. It returns since when the credential is in the wanted state and
// whether this call brought it there. An expired credential is ErrExpired: no
// gate admits it any more, and the stream must not carry days that gateways
// have forgotten.
func (s *Store) Apply(ctx context.Context, c Change) (sinceMs int64, changed bool, err error) {
	err = s.db.Change(ctx, "change credential", func(ctx context.Context, tx *sql.Tx) error {
		// The lock keeps a credential's records in the outbox in the order of its states.
		have, err := credential(ctx, tx, `day = $1 AND idx = $2`+s.db.ForUpdate, int64(c.Serial.Day), int64(c.Serial.Index))
		switch {
		case err == sql.ErrNoRows:
			return ErrNotFound
		case err != nil:
			return err
		case c.AtMs >= have.ExpiresMs:
			return ErrExpired
		case (have.RevokedMs != 0) == c.Revoke:
			sinceMs = have.ChangedMs
			return nil
		}
		sinceMs, changed = c.AtMs, true
		return s.apply(ctx, tx, c)
	})
	if err != nil {
		return 0, false, err
	}
	return sinceMs, changed, nil
}

func (s *Store) apply(ctx context.Context, tx *sql.Tx, c Change) error {
	record := revocation.Record{Kind: revocation.KindUnrevoke, At: c.AtMs, Serial: c.Serial}
	revoked, lifted := sql.NullInt64{}, 1
	if c.Revoke {
		record.Kind = revocation.KindRevoke
		revoked, lifted = sql.NullInt64{Int64: c.AtMs, Valid: true}, 0
	}
	day, index := int64(c.Serial.Day), int64(c.Serial.Index)
	_, err := tx.ExecContext(ctx, `UPDATE credentials SET revoked_ms = $1, changed_ms = $2 WHERE day = $3 AND idx = $4`,
		revoked, c.AtMs, day, index)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO revocations (day, idx, lifted, reason, who, at_ms) VALUES ($1, $2, $3, $4, $5, $6)`,
		day, index, lifted, c.Reason, c.Who, c.AtMs)
	if err != nil {
		return err
	}
	_, err = s.enqueue(ctx, tx, &record)
	return err
}
