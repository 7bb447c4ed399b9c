package store

import (
	"context"
	"database/sql"

	"github.com/railgate/railgate/issuance/database"
)

// find is a question that shares a trip with others: one application, or one
// session with its application.
type find struct {
	id          string
	found       bool
	session     Session
	application Application
	credential  *Credential
}

// Application finds an application and its credential, nil before approval.
func (s *Store) Application(ctx context.Context, id string) (Application, *Credential, error) {
	f := &find{id: id}
	if err := s.finds.Do(ctx, f); err != nil {
		return Application{}, nil, err
	}
	if !f.found {
		return Application{}, nil, ErrNotFound
	}
	return f.application, f.credential, nil
}

// Viewing finds a session with its application and credential: phones ask it for
// each code.
func (s *Store) Viewing(ctx context.Context, id string) (Session, Application, *Credential, error) {
	f := &find{id: id}
	if err := s.viewings.Do(ctx, f); err != nil {
		return Session{}, Application{}, nil, err
	}
	if !f.found {
		return Session{}, Application{}, nil, ErrNotFound
	}
	return f.session, f.application, f.credential, nil
}

func (s *Store) findAll(ctx context.Context, calls []*find) error {
	return s.answer(ctx, calls, func(rows *sql.Rows) (found find, err error) {
		found.application, found.credential, err = scanApplication(rows)
		found.id = found.application.ID
		return found, err
	}, selectApplications+`a.id IN `)
}

func (s *Store) viewAll(ctx context.Context, calls []*find) error {
	return s.answer(ctx, calls, func(rows *sql.Rows) (found find, err error) {
		var login sql.NullString
		var closed sql.NullInt64
		o := &found.session
		found.application, found.credential, err = scanApplication(after{rows,
			[]any{&o.ID, &o.Application, &o.Check, &o.Key, &login, &o.StartMs, &closed, &o.Pass, &o.Seed}})
		o.Login, o.ClosedMs = login.String, closed.Int64
		found.id = o.ID
		return found, err
	}, `SELECT s.id, s.application, s.check_id, s.key_id, s.login, s.start_ms, s.closed_ms, s.pass, s.seed, `+applicationColumns+`
		FROM sessions s JOIN applications a ON a.id = s.application LEFT JOIN credentials c ON c.application = a.id
		WHERE s.id IN `)
}

// answer asks for all ids at once and gives each call its row. Two calls may ask
// for the same.
func (s *Store) answer(ctx context.Context, calls []*find, scan func(*sql.Rows) (find, error), query string) error {
	byID := make(map[string]*find, len(calls))
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

// after is a row whose first columns are read into other places.
type after struct {
	row   interface{ Scan(...any) error }
	first []any
}

func (r after) Scan(rest ...any) error { return r.row.Scan(append(r.first, rest...)...) }
