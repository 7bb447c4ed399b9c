package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/problem"
)

// change is a call that shares a transaction with others: its own refusal, if
// any, and the rows it is about.
type change struct {
	session     *Session     // to open at nowMs, or nil
	check       *Check       // to keep, or nil
	application *Application // to create, or nil
	nowMs       int64
	refused     error
}

// together runs many calls in one transaction. A transaction that the database
// refuses is tried again call by call, so that none suffers for another, unless
// it may have been committed.
func (s *Store) together(ctx context.Context, calls []*change) error {
	committing := false
	err := s.db.Change(ctx, "write together", func(ctx context.Context, tx *sql.Tx) error {
		err := s.write(ctx, tx, calls)
		committing = err == nil
		return err
	})
	if err == nil || committing || len(calls) == 1 {
		return err
	}
	for _, c := range calls {
		c.refused = s.db.Change(ctx, "write alone", func(ctx context.Context, tx *sql.Tx) error {
			c.refused = nil
			if err := s.write(ctx, tx, []*change{c}); err != nil {
				return err
			}
			return c.refused
		})
	}
	return nil
}

func (s *Store) write(ctx context.Context, tx *sql.Tx, calls []*change) error {
	var applications, checks [][]any
	var sessions []*change
	for _, c := range calls {
		switch {
		case c.application != nil:
			applications = append(applications, c.application.row())
		case c.check != nil:
			refused := new(problem.Error)
			switch err := c.check.guard(ctx, tx); {
			case errors.As(err, &refused):
				c.refused = err // of this call alone
				continue
			case err != nil:
				return err
			}
			checks = append(checks, c.check.row())
		default:
			sessions = append(sessions, c)
		}
	}
	if err := database.InsertMany(ctx, tx, insertApplications, applications); err != nil {
		return err
	}
	if err := database.InsertMany(ctx, tx, insertChecks, checks); err != nil {
		return err
	}
	return s.openTogether(ctx, tx, sessions)
}

// openTogether uses up the checks of many sessions and keeps the sessions. Each
// is refused or opened by itself.
func (s *Store) openTogether(ctx context.Context, tx *sql.Tx, calls []*change) error {
	if len(calls) == 0 {
		return nil
	}
	wanted, err := s.inService(ctx, tx, calls)
	if err == nil {
		wanted, err = s.stillOpen(ctx, tx, wanted)
	}
	wanted = distinct(wanted)
	if err != nil || len(wanted) == 0 {
		return err
	}
	asked := make([][]any, len(wanted))
	for i, c := range wanted {
		asked[i] = []any{c.session.Check, c.session.Application, c.nowMs, c.session.StartMs}
	}
	list, args := database.Values(asked, "", "", "BIGINT", "BIGINT")
	used := make(map[string]bool, len(wanted))
	err = database.Each(ctx, tx, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		used[id] = true
		return err
	}, `WITH wanted (id, application, now_ms, start_ms) AS (VALUES `+list+`)
		UPDATE checks SET used_ms = wanted.now_ms FROM wanted
		WHERE checks.id = wanted.id AND checks.application = wanted.application
		  AND checks.used_ms IS NULL AND checks.expires_ms > wanted.now_ms
		  AND NOT EXISTS (SELECT 1 FROM sessions o WHERE o.application = wanted.application AND o.start_ms = wanted.start_ms)
		RETURNING checks.id`, args...)
	if err != nil {
		return err
	}
	var rows [][]any
	for _, c := range wanted {
		if !used[c.session.Check] {
			if c.refused, err = notUsed(ctx, tx, c); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, c.session.row())
	}
	return database.InsertMany(ctx, tx, insertSessions, rows)
}

// distinct leaves out a session on another call's check, and one that starts with
// another call's of the application: what used up the check would not tell which of
// them it was for.
func distinct(calls []*change) (wanted []*change) {
	type start struct {
		application string
		ms          int64
	}
	checks, starts := make(map[string]bool, len(calls)), make(map[start]bool, len(calls))
	for _, c := range calls {
		s := start{c.session.Application, c.session.StartMs}
		switch {
		case checks[c.session.Check]:
			c.refused = ErrCheckUnusable
		case starts[s]:
			c.refused = ErrStartTaken
		default:
			checks[c.session.Check], starts[s] = true, true
			wanted = append(wanted, c)
		}
	}
	return wanted
}

// notUsed says why a session's check was not used up.
func notUsed(ctx context.Context, tx *sql.Tx, c *change) (refused, err error) {
	var good bool
	err = tx.QueryRowContext(ctx, `SELECT COUNT(*) > 0 FROM checks WHERE id = $1 AND application = $2 AND used_ms IS NULL AND expires_ms > $3`,
		c.session.Check, c.session.Application, c.nowMs).Scan(&good)
	if good { // so it was the start
		return ErrStartTaken, err
	}
	return ErrCheckUnusable, err
}

// stillOpen leaves out the sessions whose access token was left or replaced since
// it was looked at. It locks the applications of all until the commit: either the
// leaving finds the session, or the session finds the token gone; and of two sessions
// that start in one second the later one finds the other.
func (s *Store) stillOpen(ctx context.Context, tx *sql.Tx, calls []*change) (wanted []*change, err error) {
	var ids []any
	for _, c := range calls {
		ids = append(ids, c.session.Application)
	}
	if len(ids) == 0 {
		return calls, nil
	}
	access := make(map[string][sha256.Size]byte, len(ids))
	ids = database.Padded(ids)
	err = database.Each(ctx, tx, func(rows *sql.Rows) error {
		var id string
		var hash []byte
		err := rows.Scan(&id, &hash)
		if err == nil && len(hash) == sha256.Size {
			access[id] = [sha256.Size]byte(hash)
		}
		return err
	}, `SELECT id, access_hash FROM applications WHERE id IN (`+database.Places(len(ids))+`) ORDER BY id`+s.db.ForNoKeyUpdate, ids...)
	if err != nil {
		return nil, err
	}
	for _, c := range calls {
		if c.session.Login == "" && access[c.session.Application] != c.session.Access {
			c.refused = ErrLeft
			continue
		}
		wanted = append(wanted, c)
	}
	return wanted, nil
}

// inService leaves out the sessions whose key is cut off at their start.
func (s *Store) inService(ctx context.Context, tx *sql.Tx, calls []*change) (wanted []*change, err error) {
	cutOffs := make(map[int64]int64)
	for _, c := range calls {
		key := int64(c.session.Key)
		cutOff, known := cutOffs[key]
		if !known {
			// Asked here and not of a cached copy, so that nothing starts under a key
			// after its cut-off was committed.
			if cutOff, err = keyCutOff(ctx, tx, c.session.Key); err != nil {
				return nil, err
			}
			cutOffs[key] = cutOff
		}
		if c.session.StartMs/1000 >= cutOff {
			c.refused = ErrKeyCutOff
			continue
		}
		wanted = append(wanted, c)
	}
	return wanted, nil
}
