package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/railgate/railgate/tokens"
)

// IndexEnd is the first serial index of a day that is never given: the upper
// half belongs to load tests.
const IndexEnd = 1 << 31

// Check is a passed real-person check. It is good for one session until it expires.
type Check struct {
	ID          string
	Application string
	PassedMs    int64
	ExpiresMs   int64
}

// Grant is what an approval writes into a credential; the index comes from the
// day's counter.
type Grant struct {
	Day        uint16
	Subject    tokens.Subject
	Scopes     tokens.Scopes
	ApprovedMs int64
	ExpiresMs  int64
}

// RecordCheck keeps a passed check and, if it is the application's first,
// approves it: both or neither. It returns the application's credential and
// whether this call made it.
func (s *Store) RecordCheck(ctx context.Context, check Check, grant Grant) (c *Credential, approved bool, err error) {
	err = s.db.Change(ctx, "record check", func(ctx context.Context, tx *sql.Tx) error {
		// Two checks of one application must not both approve it.
		var id string
		err := tx.QueryRowContext(ctx, `SELECT id FROM applications WHERE id = $1`+s.db.ForUpdate, check.Application).Scan(&id)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO checks (id, application, passed_ms, expires_ms) VALUES ($1, $2, $3, $4)`,
			check.ID, check.Application, check.PassedMs, check.ExpiresMs)
		if err != nil {
			return err
		}
		c, err = credential(ctx, tx, `application = $1`, check.Application)
		if err != sql.ErrNoRows {
			return err
		}
		approved = true
		c, err = approve(ctx, tx, check.Application, grant)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return c, approved, nil
}

// approve takes the day's next index. Its transaction keeps the counter locked
// until it commits, and one that fails gives the index back: indexes stay dense.
func approve(ctx context.Context, tx *sql.Tx, application string, g Grant) (*Credential, error) {
	var index int64
	err := tx.QueryRowContext(ctx, `
		INSERT INTO serials (day, next_index) VALUES ($1, 1)
		ON CONFLICT (day) DO UPDATE SET next_index = serials.next_index + 1
		RETURNING next_index - 1`, int64(g.Day)).Scan(&index)
	if err != nil {
		return nil, err
	}
	if index >= IndexEnd {
		return nil, fmt.Errorf("day %d: %w", g.Day, ErrDayFull)
	}
	c := &Credential{
		Serial:      tokens.Serial{Day: g.Day, Index: uint32(index)},
		Application: application, Subject: g.Subject, Scopes: g.Scopes,
		ApprovedMs: g.ApprovedMs, ExpiresMs: g.ExpiresMs, ChangedMs: g.ApprovedMs,
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO credentials (day, idx, application, subject, scopes, approved_ms, expires_ms, changed_ms)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $6)`,
		int64(g.Day), index, application, g.Subject[:], int64(g.Scopes), g.ApprovedMs, g.ExpiresMs)
	return c, err
}
