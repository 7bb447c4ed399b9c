package credential

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// Reasons are why a credential may be revoked.
func Reasons() []string { return []string{"lost_phone", "fraud", "superseded", "staff"} }

// newBudget bounds the changes by one staff credential: a thief of it can guess serials, and
// must not revoke a day's credentials. Attempts count too, also with serials that do not
// exist. Zero: nil, no bound.
func newBudget(r throttle.Rate, now func() time.Time) (*throttle.Limiter[string], error) {
	if r == (throttle.Rate{}) {
		return nil, nil
	}
	l, err := throttle.NewLimiter[string](throttle.LimiterConfig{Each: r, Now: now, Code: staff.BudgetSpent,
		Detail: "this credential has revoked, unrevoked or forgiven too many; nothing was changed"})
	if err != nil {
		return nil, fmt.Errorf("issuance: %w", err)
	}
	return l, nil
}

// Accepted is an accepted change. AtMs, Unix ms, is when the credential reached the wanted
// state: a repetition returns the first one's time.
type Accepted struct {
	Serial tokens.Serial
	AtMs   int64
}

// Revoke revokes a credential. When it returns, the record for the gateways is durably
// enqueued. It is idempotent.
func (s *Service) Revoke(ctx context.Context, by staff.Member, serial, reason, request string) (Accepted, error) {
	if !slices.Contains(Reasons(), reason) {
		return Accepted{}, problem.New(ReasonInvalid, "reason must be lost_phone, fraud, superseded or staff")
	}
	return s.setRevoked(ctx, by, staff.Revoke, serial, request, Revocation{Revoke: true, Reason: reason})
}

// Unrevoke undoes a revocation. It is idempotent.
func (s *Service) Unrevoke(ctx context.Context, by staff.Member, serial, request string) (Accepted, error) {
	return s.setRevoked(ctx, by, staff.Unrevoke, serial, request, Revocation{})
}

func (s *Service) setRevoked(ctx context.Context, by staff.Member, what staff.Action, text, request string, r Revocation) (Accepted, error) {
	r.At, r.Who = database.MillisAt(s.Now()), by.Name()
	entry, err := audit.By(by, what, audit.Object{}, int64(r.At))
	if err != nil {
		return Accepted{}, err
	}
	if r.Serial, err = tokens.ParseSerial(text); err != nil || r.Serial.Index >= IndexEnd {
		return Accepted{}, errNoCredential
	}
	if err := s.spendChange(r.Who); err != nil {
		return Accepted{}, err
	}
	entry.Object, entry.Detail, entry.Request = audit.Serial(r.Serial), r.Reason, request
	r.Entry = entry
	began := time.Now()
	since, changed, err := s.Store.SetRevoked(ctx, r)
	if err != nil {
		return Accepted{}, err
	}
	if changed {
		s.metrics.commit.Observe(time.Since(began).Seconds())
		action := "unrevoke"
		if r.Revoke {
			action = "revoke"
		}
		s.metrics.revocations.WithLabelValues(action).Inc()
		s.Log.Info("credential changed", zap.String("action", action), zap.Stringer("serial", r.Serial), zap.String("by", r.Who))
	}
	return Accepted{r.Serial, int64(since)}, nil
}

// spendChange spends one of the changes that a staff credential may make.
func (s *Service) spendChange(by string) error {
	if s.budget == nil {
		return nil
	}
	err := s.budget.Allow(by)
	if err != nil {
		s.metrics.budget.Inc()
		s.Log.Warn("revocation budget spent", zap.String("by", by))
	}
	return err
}

// Revocation revokes a credential or unrevokes it.
type Revocation struct {
	Serial tokens.Serial
	Revoke bool
	Reason string
	Who    string // the staff credential's name
	At     database.Millis
	Entry  audit.Entry // for the audit log; empty for changes by a rule
}

// issuerItself is who changed a credential by a rule.
const issuerItself = "issuer"

var (
	errNoCredential = problem.New(CredentialNotFound, "no credential has this serial")
	// An expired credential: no gate accepts it, and the stream must not carry days that
	// gateways have forgotten.
	errExpired = problem.New(CredentialExpired, "the 24 hours of this credential are over: no gate accepts it any more")
	// The person has a newer credential: unrevoking this one would make two active.
	errSuperseded = problem.New(CredentialSuperseded, "the person has a newer credential")
)

// SetRevoked brings the credential into the wanted state, with the record for the stream and
// the audit log entry. It changes nothing in a credential that has the state already, but
// records who else revoked a revoked credential. It returns since when the credential has
// the wanted state, and whether this call changed it. On SQLite, concurrent revocations
// share a transaction.
func (s *Store) SetRevoked(ctx context.Context, r Revocation) (since database.Millis, changed bool, err error) {
	call := &revoking{Revocation: r}
	if r.Revoke {
		err = s.outbox.Do(ctx, s.write(call))
	} else {
		err = s.db.Change(ctx, "unrevoke", func(ctx context.Context, tx *sql.Tx) error {
			if err := s.lockPersonOf(ctx, tx, r.Serial); errors.Is(err, sql.ErrNoRows) {
				call.refused = errNoCredential
				return nil
			} else if err != nil {
				return err
			}
			return s.revokeIn(ctx, tx, call)
		})
	}
	if err == nil {
		err = call.refused
	}
	if err != nil {
		return 0, false, err
	}
	return call.since, call.changed, nil
}

// revoking is a call of SetRevoked and its result.
type revoking struct {
	Revocation
	since   database.Millis
	changed bool
	refused error // nothing was written for this call; others in its transaction are not affected
}

func (s *Store) write(c *revoking) *outbox.Write {
	return &outbox.Write{Serial: c.Serial, Run: func(ctx context.Context, tx *sql.Tx) error {
		*c = revoking{Revocation: c.Revocation}
		return s.revokeIn(ctx, tx, c)
	}}
}

// revokeIn runs one call in a transaction. It refuses before it writes anything.
func (s *Store) revokeIn(ctx context.Context, tx *sql.Tx, c *revoking) error {
	if c.Revoke {
		// The common case needs one statement. The row that it locks keeps a credential's
		// records in the outbox in the order of its states.
		n, err := database.Changed(ctx, tx, `
			UPDATE credentials SET revoked_ms = $1, changed_ms = $1
			WHERE day = $2 AND idx = $3 AND revoked_ms IS NULL AND superseded = 0 AND expires_ms > $1`, c.At, int64(c.Serial.Day), int64(c.Serial.Index))
		if err != nil {
			return err
		}
		if n == 1 {
			err = s.record(ctx, tx, &c.Revocation)
			c.since, c.changed = c.At, true
			return err
		}
	}
	have, err := readCredential(ctx, tx, c.Serial, s.db.ForUpdate)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		c.refused = errNoCredential
	case err != nil:
		return err
	case c.At >= have.Expires:
		c.refused = errExpired
	case (have.Revoked != 0) == c.Revoke:
		c.since = have.Changed
		return s.alsoRevoked(ctx, tx, have, &c.Revocation)
	case have.Superseded:
		c.refused = errSuperseded
	default:
		if !c.Revoke {
			if newer, err := hasNewer(ctx, tx, have); err != nil {
				return err
			} else if newer {
				c.refused = errSuperseded
				return nil
			}
		}
		c.since, c.changed = c.At, true
		return s.setRevoked(ctx, tx, &c.Revocation)
	}
	return nil
}

// setRevoked makes a change, whatever the credential's state.
func (s *Store) setRevoked(ctx context.Context, tx *sql.Tx, c *Revocation) error {
	_, err := tx.ExecContext(ctx, `UPDATE credentials SET revoked_ms = $1, changed_ms = $2 WHERE day = $3 AND idx = $4`,
		sql.NullInt64{Int64: int64(c.At), Valid: c.Revoke}, c.At, int64(c.Serial.Day), int64(c.Serial.Index))
	if err != nil {
		return err
	}
	return s.record(ctx, tx, c)
}

// record records a change in the revocations table, the audit log and the outbox.
func (s *Store) record(ctx context.Context, tx *sql.Tx, c *Revocation) error {
	record := revocation.Record{Kind: revocation.KindUnrevoke, At: int64(c.At), Serial: c.Serial}
	unrevoked := 1
	if c.Revoke {
		record.Kind, unrevoked = revocation.KindRevoke, 0
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO revocations (day, idx, unrevoked, reason, who, at_ms) VALUES ($1, $2, $3, $4, $5, $6)`,
		int64(c.Serial.Day), int64(c.Serial.Index), unrevoked, c.Reason, c.Who, c.At)
	if err != nil {
		return err
	}
	if c.Entry.Who != "" {
		if err := s.auditLog.Append(ctx, tx, c.Entry); err != nil {
			return err
		}
	}
	return s.outbox.Enqueue(ctx, tx, record)
}

// alsoRevoked records a revocation of a credential that is already revoked: undoing the
// first revocation must not undo this one. A repetition is recorded once.
func (s *Store) alsoRevoked(ctx context.Context, tx *sql.Tx, have *Credential, c *Revocation) error {
	if !c.Revoke || have.Superseded { // a superseded credential cannot be unrevoked
		return nil
	}
	n, err := database.Changed(ctx, tx, `
		INSERT INTO revocations (day, idx, unrevoked, reason, who, at_ms)
		SELECT CAST($1 AS INTEGER), CAST($2 AS BIGINT), 0, CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS BIGINT) WHERE NOT EXISTS (
		  SELECT 1 FROM revocations o WHERE o.day = $1 AND o.idx = $2 AND o.unrevoked = 0 AND o.who = $4
		  AND o.id > (SELECT COALESCE(MAX(l.id), 0) FROM revocations l WHERE l.day = $1 AND l.idx = $2 AND l.unrevoked = 1))`,
		int64(c.Serial.Day), int64(c.Serial.Index), c.Reason, c.Who, c.At)
	if err != nil || n == 0 || c.Entry.Who == "" {
		return err
	}
	return s.auditLog.Append(ctx, tx, c.Entry)
}

// lockPersonOf locks a credential's person, as approvals do first: an unrevocation and an
// approval must not run concurrently.
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

// hasNewer reports whether the person has got another credential since.
func hasNewer(ctx context.Context, tx *sql.Tx, c *Credential) (newer bool, err error) {
	err = tx.QueryRowContext(ctx, `
		SELECT COUNT(*) > 0 FROM applications a JOIN persons p ON p.person = a.person
		WHERE a.id = $1 AND NOT (p.day = $2 AND p.idx = $3)`,
		c.Application, int64(c.Serial.Day), int64(c.Serial.Index)).Scan(&newer)
	return newer, err
}
