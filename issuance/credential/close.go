package credential

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

const (
	// shownFor is how long after its start some code of a session can be accepted at a
	// gate, plus a minute for clocks that differ.
	shownFor = (tokens.MaxSession+tokens.MaxPeriod*tokens.PreviousSteps)*time.Second + time.Minute
	// closingFor is how long after its start the closing of a session is put into the
	// outbox. It is a credential's life and not shownFor, since this issuer's clock may
	// be ahead. Gateways drop a closing that is outdated by both clocks. A session that is
	// closed later is closed in the database only.
	closingFor = tokens.CredentialLife * time.Second
)

// closeSessions closes sessions in the transaction of the cause. The data that showed
// codes are deleted, and each session of the last day is put into the outbox, so that
// gates refuse it (rule A12). where selects sessions; its parameters begin at $2.
func (s *Store) closeSessions(ctx context.Context, tx *sql.Tx, now database.Millis, where string, args ...any) error {
	var records []revocation.Record
	err := database.Each(ctx, tx, func(rows *sql.Rows) error {
		var start database.Millis
		var day, index sql.NullInt64
		if err := rows.Scan(&start, &day, &index); err != nil {
			return err
		}
		if index.Valid && start.Add(closingFor) > now {
			records = append(records, revocation.Record{Kind: revocation.KindRevokeSession, At: int64(now),
				Serial: tokens.Serial{Day: uint16(day.Int64), Index: uint32(index.Int64)}, Start: start.Seconds()})
		}
		return nil
	}, `UPDATE sessions SET closed_ms = $1, pass = NULL, seed = NULL WHERE closed_ms IS NULL AND `+where+`
		RETURNING start_ms, (SELECT day FROM credentials c WHERE c.application = sessions.application),
		  (SELECT idx FROM credentials c WHERE c.application = sessions.application)`, append([]any{now}, args...)...)
	if err != nil || len(records) == 0 {
		return err
	}
	return s.outbox.Enqueue(ctx, tx, records...)
}

// Access is a regained credential: a new access token, which replaces the previous one, and
// a passed check that opens one session.
type Access struct {
	Application string
	AccessToken string
	Checked     Checked
}

// Return is what a person without a login enters to return to their credential.
type Return struct {
	Name           string
	DocumentType   string
	DocumentNumber string
	Evidence       string // of the face check
	Policy         string // version of the privacy policy that they agree to
}

// RecoverAccess returns a person without a login to their credential, each time by identity
// and face check (rules A5 and A12). Only a caller that passed the check learns whether a
// credential exists. It uses up no quota (A11). The new consent replaces the application's.
func (s *Service) RecoverAccess(ctx context.Context, r Return, from throttle.Caller) (Access, error) {
	if err := s.requireConsent(r.Policy); err != nil {
		return Access{}, err
	}
	who, err := s.identify(r.Name, r.DocumentType, r.DocumentNumber, s.Now())
	if err != nil {
		return Access{}, err
	}
	seen, err := s.verifyFace(ctx, who, r.Evidence, from)
	if err != nil {
		return Access{}, err
	}
	// Before anything is revealed; the transaction that stores the check repeats it.
	if err := s.Store.db.View(ctx, "look for locks", seen.guard); err != nil {
		return Access{}, err
	}
	a, c, err := s.Store.latestOfPerson(ctx, s.vault.Person(who.Document, who.Number))
	if errors.Is(err, database.ErrNotFound) {
		return Access{}, problem.New(NotApproved, "no temporary ID was issued to this person")
	}
	if err != nil {
		return Access{}, err
	}
	check := s.newCheck(a.ID, seen)
	st := viewOf(&a, c, s.Now())
	if err := requireUsable(&a, c, s.Now()); err != nil {
		return Access{}, err
	}
	token := ids.New(accessPrefix, ids.SecretSize)
	if err := s.Store.replaceAccess(ctx, check, ids.Hash(token), r.Policy); err != nil {
		return Access{}, err
	}
	return Access{a.ID, token, Checked{check.ID, check.Expires.Seconds(), st, seen.label}}, nil
}

// replaceAccess gives an application another access token, closes the sessions of the
// previous one, and stores the check and the privacy policy that the person agreed to.
func (s *Store) replaceAccess(ctx context.Context, check Check, access [sha256.Size]byte, policy string) error {
	return s.db.Change(ctx, "replace access", func(ctx context.Context, tx *sql.Tx) error {
		if err := check.guard(ctx, tx); err != nil {
			return err
		}
		n, err := database.Changed(ctx, tx, `UPDATE applications SET access_hash = $1, policy = $2, consent_ms = $3 WHERE id = $4`,
			access[:], policy, check.Passed, check.Application)
		if err == nil && n == 0 {
			err = database.ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := s.closeSessions(ctx, tx, check.Passed, `application = $2 AND login IS NULL`, check.Application); err != nil {
			return err
		}
		return insertCheck(ctx, tx, &check)
	})
}

// CloseViewing ends the page of a visitor without a login: the access token and its
// sessions. In a login it ends that login's sessions of the application (rule A12).
func (s *Service) CloseViewing(ctx context.Context, h Holder) error {
	now := database.MillisAt(s.Now())
	if h.visitor.login == nil {
		return s.Store.closeAccess(ctx, h.application.ID, h.visitor.access, now)
	}
	return s.Store.db.Change(ctx, "close sessions", func(ctx context.Context, tx *sql.Tx) error {
		if err := s.Accounts.LockLogin(ctx, tx, *h.visitor.login); err != nil { // as in openSessionInLogin
			return err
		}
		return s.Store.closeInLogin(ctx, tx, h.application.ID, h.visitor.login.Login(), now)
	})
}

// closeAccess makes the access token useless and closes its sessions, which gates then
// refuse. It ignores a token that was replaced meanwhile.
func (s *Store) closeAccess(ctx context.Context, application string, access [sha256.Size]byte, now database.Millis) error {
	dead := ids.Hash(ids.New(accessPrefix, ids.SecretSize)) // of a token that was never given out: the column is NOT NULL
	return s.db.Change(ctx, "close access", func(ctx context.Context, tx *sql.Tx) error {
		n, err := database.Changed(ctx, tx, `UPDATE applications SET access_hash = $1 WHERE id = $2 AND access_hash = $3`, dead[:], application, access[:])
		if err != nil || n == 0 {
			return err
		}
		return s.closeSessions(ctx, tx, now, `application = $2 AND login IS NULL`, application)
	})
}

func (s *Store) closeInLogin(ctx context.Context, tx *sql.Tx, application, login string, now database.Millis) error {
	return s.closeSessions(ctx, tx, now, `application = $2 AND login = $3`, application, login)
}

// Detach separates an account's applications from it, in the transaction that closes the
// account: no login sees them after that, and they are erased when due.
func (s *Store) Detach(ctx context.Context, tx *sql.Tx, account string, now database.Millis) error {
	if err := s.closeSessions(ctx, tx, now, `application IN (SELECT id FROM applications WHERE account = $2)`, account); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE applications SET account = NULL WHERE account = $1`, account)
	return err
}

// CloseLogins closes the sessions that logins opened, in the transaction that ends the
// logins (rule A12).
func (s *Store) CloseLogins(ctx context.Context, tx *sql.Tx, logins []string, now database.Millis) error {
	for _, login := range logins {
		if err := s.closeSessions(ctx, tx, now, `login = $2`, login); err != nil {
			return err
		}
	}
	return nil
}
