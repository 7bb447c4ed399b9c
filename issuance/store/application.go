package store

import (
	"context"
	"crypto/sha256"
	"database/sql"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/tokens"
)

// Application is what a passenger handed in. Name, Number and City are sealed.
type Application struct {
	ID        string
	Access    [sha256.Size]byte // of the access token
	Document  identity.DocumentType
	Person    vault.PersonHash
	Name      []byte
	Number    []byte
	City      []byte
	CreatedMs int64
}

// Credential is an approved application's temporary ID.
type Credential struct {
	Serial      tokens.Serial
	Application string
	Subject     tokens.Subject
	Scopes      tokens.Scopes
	ApprovedMs  int64
	ExpiresMs   int64
	RevokedMs   int64 // 0: in force
	ChangedMs   int64 // when it came to be as it is: approval, revocation or its lifting
}

// CreateApplication keeps a new application.
func (s *Store) CreateApplication(ctx context.Context, a Application) error {
	return s.db.Change(ctx, "create application", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO applications (id, access_hash, document_type, person, name, number, city, created_ms)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			a.ID, a.Access[:], int64(a.Document), a.Person[:], a.Name, a.Number, a.City, a.CreatedMs)
		return err
	})
}

// ApplicationByAccess finds the application that an access token opens, and its
// credential, nil before approval. The index compares hashes of the token: how
// long that takes tells nothing about any token.
func (s *Store) ApplicationByAccess(ctx context.Context, access [sha256.Size]byte) (a Application, c *Credential, err error) {
	err = s.db.View(ctx, "find application", func(ctx context.Context, q database.Queries) error {
		var person []byte
		err := q.QueryRowContext(ctx, `
			SELECT id, document_type, person, name, number, city, created_ms
			FROM applications WHERE access_hash = $1`, access[:]).
			Scan(&a.ID, &a.Document, &person, &a.Name, &a.Number, &a.City, &a.CreatedMs)
		if err != nil {
			return err
		}
		a.Access = access
		copy(a.Person[:], person)
		c, err = credential(ctx, q, `application = $1`, a.ID)
		if err == sql.ErrNoRows {
			return nil
		}
		return err
	})
	return a, c, err
}

// credential reads the one credential that the condition selects.
func credential(ctx context.Context, q database.Queries, where string, args ...any) (*Credential, error) {
	var c Credential
	var subject []byte
	var revoked sql.NullInt64
	err := q.QueryRowContext(ctx, `
		SELECT day, idx, application, subject, scopes, approved_ms, expires_ms, revoked_ms, changed_ms
		FROM credentials WHERE `+where, args...).
		Scan(&c.Serial.Day, &c.Serial.Index, &c.Application, &subject, &c.Scopes, &c.ApprovedMs, &c.ExpiresMs, &revoked, &c.ChangedMs)
	if err != nil {
		return nil, err
	}
	copy(c.Subject[:], subject)
	c.RevokedMs = revoked.Int64
	return &c, nil
}
