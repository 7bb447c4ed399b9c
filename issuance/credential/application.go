package credential

import (
	"context"
	"crypto/sha256"
	"database/sql"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/tokens"
)

// State is how far an application has come, as stored. Expired, superseded and revoked are
// not stored: they follow from the clock and the credential.
type State int

// The states. The numbers are stored: never reuse one.
const (
	StateSubmitted State = 1 // the face check is due
	StateChecked   State = 2 // the face check passed; the resident registry did not answer yet
	StateApproved  State = 3
	StateRefused   State = 4
)

// Application is what a passenger submitted. Name, Number and City are encrypted.
type Application struct {
	ID         string
	Access     [sha256.Size]byte // of the access token
	Account    string            // empty: submitted without a login
	Document   identity.DocumentType
	Person     vault.PersonHash
	Name       []byte
	Number     []byte
	City       []byte
	Policy     string          // version of the agreed privacy policy; empty: the account's consent applies
	Consent    database.Millis // when; 0 without Policy
	Created    database.Millis
	State      State
	StateSince database.Millis
	RefusedFor problem.Code // if refused
}

// Credential is an approved application's temporary ID.
type Credential struct {
	Serial      tokens.Serial
	Application string
	Subject     tokens.Subject
	Scopes      tokens.Scopes
	Approved    database.Millis
	Expires     database.Millis
	Revoked     database.Millis // 0: not revoked
	Changed     database.Millis // time of the last approval, revocation or unrevocation
	Superseded  bool            // revoked because a newer one replaced it
}

// CreateApplication stores a new application.
func (s *Store) CreateApplication(ctx context.Context, a Application) error {
	return writeRow(ctx, s.submissions, a)
}

func (s *Store) insertApplications(ctx context.Context, tx *sql.Tx, calls []*pendingWrite[Application]) error {
	return database.InsertMany(ctx, tx, `
		INSERT INTO applications (id, access_hash, account, document_type, person, name, number, city, policy, consent_ms, created_ms, state, state_ms)`,
		rowsOf(calls, func(a *Application) []any {
			return []any{a.ID, a.Access[:], sql.NullString{String: a.Account, Valid: a.Account != ""}, int64(a.Document), a.Person[:],
				a.Name, a.Number, a.City, a.Policy, a.Consent, a.Created, int64(StateSubmitted), a.Created}
		}))
}

const (
	applicationColumns = `
	a.id, a.access_hash, a.account, a.document_type, a.person, a.name, a.number, a.city, a.policy, a.consent_ms, a.created_ms, a.state, a.state_ms, a.refused_for,
	c.day, c.idx, c.subject, c.scopes, c.approved_ms, c.expires_ms, c.revoked_ms, c.changed_ms, c.superseded`
	selectApplications = `SELECT ` + applicationColumns + `
	FROM applications a LEFT JOIN credentials c ON c.application = a.id WHERE `
)

// scanApplication reads applicationColumns, after the columns of before.
func scanApplication(row interface{ Scan(...any) error }, before ...any) (a Application, c *Credential, err error) {
	var access, person, subject []byte
	var account sql.NullString
	var day, index, scopes sql.NullInt64
	var approved, expires, revoked, changed sql.Null[database.Millis]
	var superseded sql.NullBool
	err = row.Scan(append(before, &a.ID, &access, &account, &a.Document, &person, &a.Name, &a.Number, &a.City, &a.Policy, &a.Consent, &a.Created, &a.State, &a.StateSince, &a.RefusedFor,
		&day, &index, &subject, &scopes, &approved, &expires, &revoked, &changed, &superseded)...)
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
		Application: a.ID, Scopes: tokens.Scopes(scopes.Int64), Approved: approved.V, Expires: expires.V,
		Revoked: revoked.V, Changed: changed.V, Superseded: superseded.Bool,
	}
	copy(c.Subject[:], subject)
	return a, c, nil
}

// readCredential reads one credential; lock, if any, is the database's ForUpdate.
func readCredential(ctx context.Context, q database.Queries, serial tokens.Serial, lock string) (*Credential, error) {
	var c Credential
	var subject []byte
	var revoked sql.Null[database.Millis]
	err := q.QueryRowContext(ctx, `
		SELECT day, idx, application, subject, scopes, approved_ms, expires_ms, revoked_ms, changed_ms, superseded
		FROM credentials WHERE day = $1 AND idx = $2`+lock, int64(serial.Day), int64(serial.Index)).
		Scan(&c.Serial.Day, &c.Serial.Index, &c.Application, &subject, &c.Scopes, &c.Approved, &c.Expires, &revoked, &c.Changed, &c.Superseded)
	if err != nil {
		return nil, err
	}
	copy(c.Subject[:], subject)
	c.Revoked = revoked.V
	return &c, nil
}

// Credential finds a credential by its serial.
func (s *Store) Credential(ctx context.Context, serial tokens.Serial) (*Credential, error) {
	return database.Read(ctx, s.db, "find credential", func(ctx context.Context, q database.Queries) (*Credential, error) {
		return readCredential(ctx, q, serial, "")
	})
}

// latestOfPerson finds the application behind a person's latest credential.
func (s *Store) latestOfPerson(ctx context.Context, person vault.PersonHash) (a Application, c *Credential, err error) {
	err = s.db.View(ctx, "find application", func(ctx context.Context, q database.Queries) error {
		a, c, err = scanApplication(q.QueryRowContext(ctx, selectApplications+`(c.day, c.idx) = (SELECT p.day, p.idx FROM persons p WHERE p.person = $1)`, person[:]))
		return err
	})
	return a, c, err
}

// lookup is a read that shares a query with others: one application, or one session with
// its application.
type lookup struct {
	id          string
	found       bool
	session     SessionRow
	application Application
	credential  *Credential
}

// Application finds an application and its credential, nil before approval.
func (s *Store) Application(ctx context.Context, id string) (Application, *Credential, error) {
	l := &lookup{id: id}
	if err := s.lookups.Do(ctx, l); err != nil {
		return Application{}, nil, err
	}
	if !l.found {
		return Application{}, nil, database.ErrNotFound
	}
	return l.application, l.credential, nil
}

// viewing finds a session with its application and credential. Phones call it for each
// code.
func (s *Store) viewing(ctx context.Context, id string) (SessionRow, Application, *Credential, error) {
	l := &lookup{id: id}
	if err := s.viewings.Do(ctx, l); err != nil {
		return SessionRow{}, Application{}, nil, err
	}
	if !l.found {
		return SessionRow{}, Application{}, nil, database.ErrNotFound
	}
	return l.session, l.application, l.credential, nil
}

func (s *Store) lookUpAll(ctx context.Context, calls []*lookup) error {
	return s.answerLookups(ctx, calls, func(rows *sql.Rows) (found lookup, err error) {
		found.application, found.credential, err = scanApplication(rows)
		found.id = found.application.ID
		return found, err
	}, selectApplications+`a.id IN `)
}

func (s *Store) viewAll(ctx context.Context, calls []*lookup) error {
	return s.answerLookups(ctx, calls, func(rows *sql.Rows) (found lookup, err error) {
		var login sql.NullString
		var closed sql.Null[database.Millis]
		o := &found.session
		found.application, found.credential, err = scanApplication(rows,
			&o.ID, &o.Application, &o.Check, &o.Key, &login, &o.Start, &closed, &o.Pass, &o.Seed)
		o.Login, o.Closed = login.String, closed.V
		found.id = o.ID
		return found, err
	}, `SELECT s.id, s.application, s.check_id, s.key_id, s.login, s.start_ms, s.closed_ms, s.pass, s.seed, `+applicationColumns+`
		FROM sessions s JOIN applications a ON a.id = s.application LEFT JOIN credentials c ON c.application = a.id
		WHERE s.id IN `)
}

// answerLookups reads all ids with one query and gives each call its row. Two calls may
// have the same id.
func (s *Store) answerLookups(ctx context.Context, calls []*lookup, scan func(*sql.Rows) (lookup, error), query string) error {
	byID := make(map[string]*lookup, len(calls))
	args := make([]any, len(calls))
	for i, c := range calls {
		args[i] = c.id
	}
	args = database.Padded(args)
	err := s.db.View(ctx, "find", func(ctx context.Context, q database.Queries) error {
		return database.Each(ctx, q, func(rows *sql.Rows) error {
			found, err := scan(rows)
			found.found = true
			byID[found.id] = &found
			return err
		}, query+"("+database.Places(len(args))+")", args...)
	})
	if err != nil {
		return err
	}
	for _, c := range calls {
		if found := byID[c.id]; found != nil {
			*c = *found
		}
	}
	return nil
}
