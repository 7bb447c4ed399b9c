package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/tokens"
)

// State is how far an application has come. Expired, superseded and revoked are
// no states of their own: clock and credential tell them.
type State int

// The states. Numbers are in the database: never reuse one.
const (
	Submitted State = 1 // waits for the real-person check
	Checked   State = 2 // the person was checked, the decision waits for the registry
	Approved  State = 3
	Refused   State = 4
)

// Application is what a passenger handed in. Name, Number and City are sealed.
type Application struct {
	ID         string
	Access     [sha256.Size]byte // of the access token
	Account    string            // empty: the applicant was not logged in
	Document   identity.DocumentType
	Person     vault.PersonHash
	Name       []byte
	Number     []byte
	City       []byte
	Policy     string // version of the privacy policy that the applicant agreed to; empty: the account's consent counts
	ConsentMs  int64  // when; 0 without Policy
	CreatedMs  int64
	State      State
	StateMs    int64        // when it came to State
	RefusedFor problem.Code // of a refused one
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
	Superseded  bool  // revoked because a newer one took its place
}

// CreateApplication keeps a new application.
func (s *Store) CreateApplication(ctx context.Context, a Application) error {
	c := &change{application: &a}
	err := s.writes.Do(ctx, c) // fills c, so it comes first
	return cmp.Or(err, c.refused)
}

const insertApplications = `
	INSERT INTO applications (id, access_hash, account, document_type, person, name, number, city, policy, consent_ms, created_ms, state, state_ms)`

func (a *Application) row() []any {
	return []any{a.ID, a.Access[:], sql.NullString{String: a.Account, Valid: a.Account != ""}, int64(a.Document), a.Person[:],
		a.Name, a.Number, a.City, a.Policy, a.ConsentMs, a.CreatedMs, int64(Submitted), a.CreatedMs}
}

// LatestOfPerson finds the application behind a person's latest credential.
func (s *Store) LatestOfPerson(ctx context.Context, person vault.PersonHash) (Application, *Credential, error) {
	return s.one(ctx, `(c.day, c.idx) = (SELECT p.day, p.idx FROM persons p WHERE p.person = $1)`, person[:])
}

func (s *Store) one(ctx context.Context, where string, args ...any) (a Application, c *Credential, err error) {
	err = s.db.View(ctx, "find application", func(ctx context.Context, q database.Queries) error {
		a, c, err = scanApplication(q.QueryRowContext(ctx, selectApplications+where, args...))
		return err
	})
	return a, c, err
}

const (
	applicationColumns = `
	a.id, a.access_hash, a.account, a.document_type, a.person, a.name, a.number, a.city, a.policy, a.consent_ms, a.created_ms, a.state, a.state_ms, a.refused_for,
	c.day, c.idx, c.subject, c.scopes, c.approved_ms, c.expires_ms, c.revoked_ms, c.changed_ms, c.superseded`
	selectApplications = `SELECT ` + applicationColumns + `
	FROM applications a LEFT JOIN credentials c ON c.application = a.id WHERE `
)

// scanApplication reads applicationColumns.
func scanApplication(row interface{ Scan(...any) error }) (a Application, c *Credential, err error) {
	var access, person, subject []byte
	var account sql.NullString
	var day, index, scopes, approved, expires, revoked, changed sql.NullInt64
	var superseded sql.NullBool
	err = row.Scan(&a.ID, &access, &account, &a.Document, &person, &a.Name, &a.Number, &a.City, &a.Policy, &a.ConsentMs, &a.CreatedMs, &a.State, &a.StateMs, &a.RefusedFor,
		&day, &index, &subject, &scopes, &approved, &expires, &revoked, &changed, &superseded)
	if err != nil {
		return a, nil, err
	}
	a.Account = account.String
	copy(a.Access[:], access)
	copy(a.Person[:], person)
	if !day.Valid {
		return a, nil, nil
	}
	c = &Credential{
		Serial:      tokens.Serial{Day: uint16(day.Int64), Index: uint32(index.Int64)},
		Application: a.ID, Scopes: tokens.Scopes(scopes.Int64), ApprovedMs: approved.Int64, ExpiresMs: expires.Int64,
		RevokedMs: revoked.Int64, ChangedMs: changed.Int64, Superseded: superseded.Bool,
	}
	copy(c.Subject[:], subject)
	return a, c, nil
}
