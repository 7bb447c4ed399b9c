package store

import (
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
// have forgotten. On SQLite, revocations that arrive together share a transaction.
func (s *Store) Apply(ctx context.Context, c Change) (sinceMs int64, changed bool, err error) {
	call := &applied{Change: c}
	if c.Revoke {
		err = s.do(ctx, &streamed{revoke: call})
	} else {
		err = s.db.Change(ctx, "lift a revocation", func(ctx context.Context, tx *sql.Tx) error {
			if err := s.lockPersonOf(ctx, tx, c.Serial); err != nil {
				return err
			}
			return s.applyIn(ctx, tx, call)
		})
	}
	if err == nil {
		err = call.refused
	}
	if err != nil {
		return 0, false, err
	}
	return call.sinceMs, call.changed, nil
}

// alsoRevoked records a revocation of a credential that another has revoked before: to
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

// applied is a change and what became of it.
type applied struct {
	Change
	sinceMs int64
	changed bool
	refused error // nothing was written for this call, and others in its transaction are not concerned
}

// applyIn is one change in a transaction. It refuses before it writes anything.
func (s *Store) applyIn(ctx context.Context, tx *sql.Tx, c *applied) error {
	day, index := int64(c.Serial.Day), int64(c.Serial.Index)
	if c.Revoke {
		// Nearly always this is all there is to ask. The row that it locks keeps a
		// credential's records in the outbox in the order of its states.
		n, err := database.Changed(ctx, tx, `
			UPDATE credentials SET revoked_ms = $1, changed_ms = $1
			WHERE day = $2 AND idx = $3 AND revoked_ms IS NULL AND superseded = 0 AND expires_ms > $1`, c.AtMs, day, index)
		if err != nil {
			return err
		}
		if n == 1 {
			err = s.record(ctx, tx, &c.Change)
			c.sinceMs, c.changed = c.AtMs, true
			return err
		}
	}
	have, err := credential(ctx, tx, `day = $1 AND idx = $2`+s.db.ForUpdate, day, index)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		c.refused = ErrNotFound
		return nil
	case err != nil:
		return err
	case c.AtMs >= have.ExpiresMs:
		c.refused = ErrExpired
		return nil
	case (have.RevokedMs != 0) == c.Revoke:
		c.sinceMs = have.ChangedMs
		return s.alsoRevoked(ctx, tx, have, c.Change)
	case have.Superseded:
		c.refused = ErrSuperseded
		return nil
	}
	if !c.Revoke {
		newer, err := hasNewer(ctx, tx, have)
		if err != nil {
			return err
		}
		if newer {
			c.refused = ErrSuperseded
			return nil
		}
	}
	c.sinceMs, c.changed = c.AtMs, true
	return s.apply(ctx, tx, c.Change)
}

// apply makes a change, whatever the credential's state.
func (s *Store) apply(ctx context.Context, tx *sql.Tx, c Change) error {
	_, err := tx.ExecContext(ctx, `UPDATE credentials SET revoked_ms = $1, changed_ms = $2 WHERE day = $3 AND idx = $4`,
		sql.NullInt64{Int64: c.AtMs, Valid: c.Revoke}, c.AtMs, int64(c.Serial.Day), int64(c.Serial.Index))
	if err != nil {
		return err
	}
	return s.record(ctx, tx, &c)
}

// record says that a change was made: to those who look into the database, to the
// trail, and to the stream.
func (s *Store) record(ctx context.Context, tx *sql.Tx, c *Change) error {
	record := revocation.Record{Kind: revocation.KindUnrevoke, At: c.AtMs, Serial: c.Serial}
	lifted := 1
	if c.Revoke {
		record.Kind, lifted = revocation.KindRevoke, 0
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO revocations (day, idx, lifted, reason, who, at_ms) VALUES ($1, $2, $3, $4, $5, $6)`,
		int64(c.Serial.Day), int64(c.Serial.Index), lifted, c.Reason, c.Who, c.AtMs)
	if err != nil {
		return err
	}
	if c.Entry.Who != "" {
		if err := s.trail.Append(ctx, tx, c.Entry); err != nil {
			return err
		}
	}
	return s.enqueueAll(ctx, tx, []revocation.Record{record})
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
