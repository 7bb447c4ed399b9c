package credential

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/tokens"
)

// Why a session is not opened, for OpenSession to retry. Other refusals are final.
var (
	errKeyDistrusted = errors.New("credential: the key is distrusted at that time")
	errStartTaken    = errors.New("credential: another session of the application starts in that second")
)

// SessionRow is an opened session. Pass and Seed are stored for hosted sessions only: the
// rows of other sessions cannot show a code.
type SessionRow struct {
	ID          string
	Application string
	Check       string
	Key         tokens.KeyID      // that signed the pass; 0: unknown
	Login       string            // that opened it; empty: an access token did
	Access      [sha256.Size]byte // hash of that token, for opening only: not stored
	Start       database.Millis
	Closed      database.Millis // 0: not closed
	Pass        []byte
	Seed        []byte // encrypted
}

func (o *opening) values() []any {
	return []any{o.ID, o.Application, o.Check, int64(o.Key), sql.NullString{String: o.Login, Valid: o.Login != ""}, o.Start, o.Pass, o.Seed}
}

// opening is a session to open.
type opening struct {
	SessionRow
	now database.Millis
}

// openSession uses up the session's check and stores the session, in one transaction. It
// refuses an access token that was closed or replaced; a check that belongs to another
// application, was used, or expired at or before now; a key that is distrusted at that start
// (errKeyDistrusted); and a start in the same second as another session of the application
// (errStartTaken), since gateways could not tell the two apart.
func (s *Store) openSession(ctx context.Context, o opening) error {
	return writeRow(ctx, s.openings, o)
}

// openSessionInLogin is openSession for a login, whose row it locks first: a concurrent
// logout either finds the session, or the session finds no login. Because of this lock it
// runs alone: two groups that take several locks each could deadlock.
func (s *Store) openSessionInLogin(ctx context.Context, o opening, accounts *account.Service, login account.Holder) error {
	return s.db.Change(ctx, "open session", func(ctx context.Context, tx *sql.Tx) error {
		if err := accounts.LockLogin(ctx, tx, login); err != nil {
			return err
		}
		c := &pendingWrite[opening]{row: o}
		if err := s.openSessions(ctx, tx, []*pendingWrite[opening]{c}); err != nil {
			return err
		}
		return c.refused
	})
}

// openSessions uses up the checks of many sessions and stores the sessions. Each is refused
// or opened separately.
func (s *Store) openSessions(ctx context.Context, tx *sql.Tx, calls []*pendingWrite[opening]) error {
	wanted, err := withTrustedKeys(ctx, tx, calls)
	if err == nil {
		wanted, err = s.withValidAccess(ctx, tx, wanted)
	}
	wanted = distinctOpenings(wanted)
	if err != nil || len(wanted) == 0 {
		return err
	}
	asked := make([][]any, len(wanted))
	for i, c := range wanted {
		asked[i] = []any{c.row.Check, c.row.Application, c.row.now, c.row.Start}
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
	var opened []*pendingWrite[opening]
	for _, c := range wanted {
		if used[c.row.Check] {
			opened = append(opened, c)
		} else if c.refused, err = whyNotUsed(ctx, tx, &c.row); err != nil {
			return err
		}
	}
	return database.InsertMany(ctx, tx, `INSERT INTO sessions (id, application, check_id, key_id, login, start_ms, pass, seed)`,
		rowsOf(opened, (*opening).values))
}

// distinctOpenings refuses a session with the same check as another call's, and one that
// starts in the same second as another call's of the application: the update of the check
// could not tell them apart.
func distinctOpenings(calls []*pendingWrite[opening]) (wanted []*pendingWrite[opening]) {
	type start struct {
		application string
		at          database.Millis
	}
	checks, starts := make(map[string]bool, len(calls)), make(map[start]bool, len(calls))
	for _, c := range calls {
		s := start{c.row.Application, c.row.Start}
		switch {
		case checks[c.row.Check]:
			c.refused = errCheckRequired
		case starts[s]:
			c.refused = errStartTaken
		default:
			checks[c.row.Check], starts[s] = true, true
			wanted = append(wanted, c)
		}
	}
	return wanted
}

// whyNotUsed is the reason why a session's check was not used up.
func whyNotUsed(ctx context.Context, tx *sql.Tx, o *opening) (refused, err error) {
	var good bool
	err = tx.QueryRowContext(ctx, `SELECT COUNT(*) > 0 FROM checks WHERE id = $1 AND application = $2 AND used_ms IS NULL AND expires_ms > $3`,
		o.Check, o.Application, o.now).Scan(&good)
	if good { // the check is good, so the start is taken
		return errStartTaken, err
	}
	return errCheckRequired, err
}

// withValidAccess refuses the sessions whose access token was closed or replaced since it
// was read. It locks all applications until the commit: closing a page either finds the
// session, or the session finds the token gone; and of two sessions that start in one
// second the later one finds the other.
func (s *Store) withValidAccess(ctx context.Context, tx *sql.Tx, calls []*pendingWrite[opening]) (wanted []*pendingWrite[opening], err error) {
	var ids []any
	for _, c := range calls {
		ids = append(ids, c.row.Application)
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
		if c.row.Login == "" && access[c.row.Application] != c.row.Access {
			c.refused = errUnauthorized
			continue
		}
		wanted = append(wanted, c)
	}
	return wanted, nil
}

// withTrustedKeys refuses the sessions whose key is distrusted at their start.
func withTrustedKeys(ctx context.Context, tx *sql.Tx, calls []*pendingWrite[opening]) (wanted []*pendingWrite[opening], err error) {
	cutoffs := make(map[tokens.KeyID]int64)
	for _, c := range calls {
		cutoff, known := cutoffs[c.row.Key]
		if !known {
			// Read from the database and not from a cached copy: no session starts under a
			// key after its cutoff was committed.
			if cutoff, err = keyring.CutoffOf(ctx, tx, c.row.Key); err != nil {
				return nil, err
			}
			cutoffs[c.row.Key] = cutoff
		}
		if c.row.Start.Seconds() >= cutoff {
			c.refused = errKeyDistrusted
			continue
		}
		wanted = append(wanted, c)
	}
	return wanted, nil
}
