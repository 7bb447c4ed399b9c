package credential

import (
	"context"
	"database/sql"
	"errors"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/throttle"
)

// Entered is the way back to a credential: a new access token, in place of the
// one before, and a passed check that opens one session.
type Entered struct {
	Application string
	AccessToken string
	Checked     Checked
}

// Return is what a person without a login enters to come back to their credential.
type Return struct {
	Name           string
	DocumentType   string
	DocumentNumber string
	Evidence       string // of the real-person check
	Policy         string // version of the privacy policy that they agree to
}

// Reenter lets a person who is not logged in come back to their credential: by
// identity and real-person check, each time (rules A5 and A12). Only who passed
// the check learns whether there is a credential. It uses up no quota (A11). Their
// consent replaces the application's: it is the later one.
func (s *Service) Reenter(ctx context.Context, r Return, from throttle.Caller) (Entered, error) {
	if err := s.consented(r.Policy); err != nil {
		return Entered{}, err
	}
	who, err := s.identify(r.Name, r.DocumentType, r.DocumentNumber, s.Now())
	if err != nil {
		return Entered{}, err
	}
	seen, err := s.show(ctx, who, r.Evidence, from)
	if err != nil {
		return Entered{}, err
	}
	// Asked before anything is told, and again by the transaction that keeps the check.
	if err := s.Store.Database().View(ctx, "look for locks", seen.guard); err != nil {
		return Entered{}, err
	}
	a, c, err := s.Store.LatestOfPerson(ctx, s.vault.Person(who.Document, who.Number))
	if errors.Is(err, database.ErrNotFound) {
		return Entered{}, problem.New(NotApproved, "no temporary ID was issued to this person")
	}
	if err != nil {
		return Entered{}, err
	}
	check := s.passed(a.ID, seen)
	st := standing(&a, c, s.Now())
	if err := open(&a, c, s.Now()); err != nil {
		return Entered{}, err
	}
	token := ids.New(accessPrefix, ids.SecretSize)
	if err := s.Store.Reenter(ctx, check, ids.Hash(token), r.Policy); err != nil {
		return Entered{}, err
	}
	return Entered{a.ID, token, Checked{check.ID, check.ExpiresMs / 1000, st, seen.label}}, nil
}

// Leave ends the page of someone who is not logged in: the access token and all
// that it showed. A login is left by logging out (rule A12).
func (s *Service) Leave(ctx context.Context, h Holder) error {
	if h.visitor.login != nil {
		hold := func(ctx context.Context, tx *sql.Tx) error { return s.Accounts.LockLogin(ctx, tx, *h.visitor.login) }
		return s.Store.CloseSessionsOf(ctx, h.application.ID, h.visitor.login.Login(), s.Now().UnixMilli(), hold)
	}
	return s.Store.Leave(ctx, h.application.ID, h.visitor.access, ids.Hash(ids.New(accessPrefix, ids.SecretSize)), s.Now().UnixMilli())
}
