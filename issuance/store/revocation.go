package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
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
	Entry  audit.Entry // for the trail; none for what the rules do without a person
}

// ErrExpired says that the credential was over at the time of the change.
var ErrExpired = errors.New("store: credential has expired")

// ErrSuperseded says that the person has a newer credential: lifting the
// revocation of this one would put two in force.
var ErrSuperseded = errors.New("store: credential was superseded")

// Apply brings the credential into the wanted state, together with the record
// for the stream and the line for audit. It changes nothing if the state is
// that already, but notes who else revoked a revoked credential. It returns since when the credential is in the wanted state and
// whether this call brought it there. An expired credential is ErrExpired: no
// gate admits it any more, and the stream must not carry days that gateways
// have forgotten.
func (s *Store) Apply(ctx context.Context, c Change) (sinceMs int64, changed bool, err error) {
	err = s.db.Change(ctx, "change credential", func(ctx context.Context, tx *sql.Tx) error {
		if !c.Revoke {
			if err := s.lockPersonOf(ctx, tx, c.Serial); err != nil {
				return err
			}
		}
		// The lock keeps a credential's records in the outbox in the order of its states.
		have, err := credential(ctx, tx, `day = $1 AND idx = $2`+s.db.ForUpdate, int64(c.Serial.Day), int64(c.Serial.Index))
		switch {
		case err != nil:
			return err
		case c.AtMs >= have.ExpiresMs:
			return ErrExpired
		case (have.RevokedMs != 0) == c.Revoke:
			sinceMs = have.ChangedMs
			return s.alsoRevoked(ctx, tx, have, c)
		case have.Superseded:
			return ErrSuperseded
		}
		if !c.Revoke {
			if newer, err := hasNewer(ctx, tx, have); err != nil || newer {
				return cmp.Or(err, ErrSuperseded)
			}
		}
		sinceMs, changed = c.AtMs, true
		return s.apply(ctx, tx, c)
	})
	if err != nil {
		return 0, false, err
	}
	return sinceMs, changed, nil
}

// alsoRevoked notes that somebody revoked a credential that others have revoked: to
// lift what those did must not undo this. A repetition is noted once.
func (s *Store) alsoRevoked(ctx context.Context, tx *sql.Tx, have *Credential, c Change) error {
	if !c.Revoke || have.Superseded { // what is superseded stays revoked in any case
		return nil
	}
	n, err := database.Changed(ctx, tx, `
		INSERT INTO revocations (day, idx, lifted, reason, who, at_ms)
		SELECT CAST($1 AS INTEGER), CAST($2 AS BIGINT), 0, CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS BIGINT) WHERE NOT EXISTS (
		  SELECT 1 FROM revocations o WHERE o.day = $1 AND o.idx = $2 AND o.lifted = 0 AND o.who = $4
		  AND o.id > (SELECT COALESCE(MAX(l.id), 0) FROM revocations l WHERE l.day = $1 AND l.idx = $2 AND l.lifted = 1))`,
		int64(c.Serial.Day), int64(c.Serial.Index), c.Reason, c.Who, c.AtMs)
	if err != nil || n == 0 || c.Entry.Who == "" {
		return err
	}
	return s.trail.Append(ctx, tx, c.Entry)
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
	if c.Entry.Who != "" {
		if err := s.trail.Append(ctx, tx, c.Entry); err != nil {
			return err
		}
	}
	_, err = s.enqueue(ctx, tx, &record)
	return err
}

// lockPersonOf takes the lock of a credential's person, which approvals take
// first as well: a lift and an approval must not pass each other.
func (s *Store) lockPersonOf(ctx context.Context, tx *sql.Tx, serial tokens.Serial) error {
	var person []byte
	err := tx.QueryRowContext(ctx, `
		SELECT a.person FROM credentials c JOIN applications a ON a.id = c.application WHERE c.day = $1 AND c.idx = $2`,
		int64(serial.Day), int64(serial.Index)).Scan(&person)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `SELECT 1 FROM persons WHERE person = $1`+s.db.ForUpdate, person)
	return err
}

// hasNewer reports whether the credential's person has been given another since.
func hasNewer(ctx context.Context, tx *sql.Tx, c *Credential) (newer bool, err error) {
	err = tx.QueryRowContext(ctx, `
		SELECT COUNT(*) > 0 FROM applications a JOIN persons p ON p.person = a.person
		WHERE a.id = $1 AND NOT (p.day = $2 AND p.idx = $3)`,
		c.Application, int64(c.Serial.Day), int64(c.Serial.Index)).Scan(&newer)
	return newer, err
}
