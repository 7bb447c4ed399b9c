package registry

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
)

// The first three methods are hooks of [account.Config].

// Registered inserts the holder of a new account. An identity that another account has is
// [rules.IdentityRegistered] (rule B11).
func (s *Store) Registered(ctx context.Context, tx *sql.Tx, id string, who identity.Person) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO holders (id, person, status, tickets, own_tickets, version) VALUES ($1, $2, $3, 0, 0, 1)`,
		id, s.encryptPerson(tableHolders, id, who), rules.Initial(who.Document))
	if err != nil {
		return err
	}
	return s.assignIdentity(ctx, tx, holder{id: id}, who)
}

// IdentityEdited stores an edit of the account's own identity. It fails with [rules.IdentityFixed]
// once the identity is checked and with [rules.IdentityRegistered] if another account has the new
// one. Our choice: it fails with [rules.AlreadyListed] if the new document belongs to a passenger
// on the holder's list, since the holder may not be added to it either. A failed identity that is
// saved again unchanged waits for a new check.
func (s *Store) IdentityEdited(ctx context.Context, tx *sql.Tx, id string, _, to identity.Person) error {
	h, err := s.readHolder(ctx, tx, id, s.Database.ForUpdate)
	if err != nil {
		return err
	}
	if to == h.Person && h.Status != rules.Failed {
		return nil // saved again unchanged, no new check needed
	}
	next, err := rules.CanEditOwn(h.Account, to)
	if err != nil {
		return err
	}
	c, err := s.counts(ctx, tx, id, to, "")
	if err != nil {
		return err
	}
	if c.Duplicate {
		return problem.New(rules.AlreadyListed, "the document belongs to a passenger on the account's list")
	}
	if err := s.assignIdentity(ctx, tx, h, to); err != nil {
		return err
	}
	if err := s.moveBookings(ctx, tx, Ref{Account: id}, h.Person, to); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE holders SET person = $2, status = $3, version = version + 1 WHERE id = $1`,
		id, s.encryptPerson(tableHolders, id, to), next)
	return err
}

// Closing deletes all data of an account: the holder, the list, the tickets. It fails with
// [TicketsUnfinished], until the end of the last journey, since only the account can refund its
// tickets online (rule B6). If [rules.TakenUntil] keeps the identity, a keyed hash of the document
// remains, without an account, until that time.
func (s *Store) Closing(ctx context.Context, tx *sql.Tx, id string) error {
	c, err := s.closingPreview(ctx, tx, id, s.Database.ForUpdate)
	if errors.Is(err, database.ErrNotFound) {
		return nil // nothing to delete
	}
	if err == nil {
		err = c.Refused
	}
	if err != nil {
		return err
	}
	rows := []string{
		`DELETE FROM tickets WHERE account = $1`,
		`DELETE FROM passengers WHERE account = $1`,
		`DELETE FROM identities WHERE account = $1`,
		`DELETE FROM holders WHERE id = $1`,
	}
	if !c.TakenUntil.IsZero() {
		_, err := tx.ExecContext(ctx, `UPDATE identities SET account = NULL, until_ms = $2 WHERE account = $1`, id, database.MillisAt(c.TakenUntil))
		if err != nil {
			return err
		}
	}
	for _, q := range rows {
		if _, err := tx.ExecContext(ctx, q, id); err != nil {
			return err
		}
	}
	return nil
}

// ClosingPreview is the effect that closing the account would have now.
type ClosingPreview struct {
	// Refused is why closing is not possible now; nil: it is possible.
	Refused error
	// TakenUntil is until when no account can have the identity, unless a window frees it; zero: it
	// is free immediately.
	TakenUntil time.Time
}

// PreviewClosing returns the effect that closing the account would have.
func (s *Store) PreviewClosing(ctx context.Context, h account.Holder) (ClosingPreview, error) {
	return viewForHolder(ctx, s, "preview closing", func(ctx context.Context, q database.Queries) (ClosingPreview, error) {
		return s.closingPreview(ctx, q, h.Account(), "")
	})
}

func (s *Store) closingPreview(ctx context.Context, q database.Queries, id, lock string) (c ClosingPreview, err error) {
	h, err := s.readHolder(ctx, q, id, lock)
	if err != nil {
		return ClosingPreview{}, err
	}
	now := s.Now()
	if c.Refused, err = s.unfinishedJourney(ctx, q, `account = $1`, id); err != nil {
		return ClosingPreview{}, err
	}
	lines, err := s.readLines(ctx, q, `account = $1`, id)
	if err != nil {
		return ClosingPreview{}, err
	}
	list := make([]rules.Passenger, len(lines))
	for i, l := range lines {
		list[i] = l.Passenger
	}
	if until := rules.TakenUntil(h.Account, list, s.Limits(), now); until.After(now) {
		c.TakenUntil = until
	}
	return c, nil
}

// unfinishedJourney returns a problem if a ticket that condition selects is valid for a journey
// that is not over.
func (s *Store) unfinishedJourney(ctx context.Context, q database.Queries, condition string, args ...any) (unfinished, err error) {
	var last database.Millis
	err = q.QueryRowContext(ctx, `SELECT COALESCE(MAX(ends_ms), 0) FROM tickets WHERE state = 1 AND `+condition, args...).Scan(&last)
	if err != nil || last <= s.now() {
		return nil, err
	}
	// Rounded up, so that a retry at RetryAt succeeds.
	return problem.Until((last + 999).Seconds(), TicketsUnfinished, "there are tickets for journeys that are not over"), nil
}
