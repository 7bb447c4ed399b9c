package store

import (
	"context"
	"database/sql"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/tokens"
)

// credential reads the one credential that the condition selects.
func credential(ctx context.Context, q database.Queries, where string, args ...any) (*Credential, error) {
	var c Credential
	var subject []byte
	var revoked sql.NullInt64
	err := q.QueryRowContext(ctx, `
		SELECT day, idx, application, subject, scopes, approved_ms, expires_ms, revoked_ms, changed_ms, superseded
		FROM credentials WHERE `+where, args...).
		Scan(&c.Serial.Day, &c.Serial.Index, &c.Application, &subject, &c.Scopes, &c.ApprovedMs, &c.ExpiresMs, &revoked, &c.ChangedMs, &c.Superseded)
	if err != nil {
		return nil, err
	}
	copy(c.Subject[:], subject)
	c.RevokedMs = revoked.Int64
	return &c, nil
}

// Credential finds a credential by its serial.
func (s *Store) Credential(ctx context.Context, serial tokens.Serial) (c *Credential, err error) {
	err = s.db.View(ctx, "find credential", func(ctx context.Context, q database.Queries) error {
		c, err = credential(ctx, q, `day = $1 AND idx = $2`, int64(serial.Day), int64(serial.Index))
		return err
	})
	return c, err
}
