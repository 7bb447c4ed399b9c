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

// The three methods here are hooks of account.Config.

// Registered makes the row of a new account's holder. An identity that another
// account has is refused with rules.IdentityRegistered (rule B11).
func (s *Store) Registered(ctx context.Context, tx *sql.Tx, id string, who identity.Person) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO holders (id, person, status, tickets, own_tickets, version) VALUES ($1, $2, $3, 0, 0, 1)`,
		id, s.sealPerson(tableHolders, id, who), rules.Initial(who.Document))
	if err != nil {
		return err
	}
	return s.takeIdentity(ctx, tx, holder{id: id}, who)
}

// IdentityEdited lets the holder change the account's own identity, or refuses:
// with rules.IdentityFixed once it is checked, rules.IdentityRegistered if
// another account has it. Ours: rules.AlreadyListed if the new document is that
// of a passenger on the holder's list, where the holder may not be added either. A
// failed identity that the holder saves again unchanged waits for a check again.
func (s *Store) IdentityEdited(ctx context.Context, tx *sql.Tx, id string, _, to identity.Person) error {
	h, err := s.readHolder(ctx, tx, id, s.Database.ForUpdate)
	if err != nil {
		return err
	}
	if to == h.Person && h.Status != rules.Failed {
		return nil // saved again, and nothing to check once more
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
	if err := s.takeIdentity(ctx, tx, h, to); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE holders SET person = $2, status = $3, version = version + 1 WHERE id = $1`,
		id, s.sealPerson(tableHolders, id, to), next)
	return err
}

// Closing deletes all that is here of an account: the holder, the list, the
// tickets. It refuses with TicketsUnfinished, and until when, while a journey is
// not over, since only the account can refund its tickets online (rule B6). What
// stays is said at rules.TakenUntil: until then a keyed hash of the document,
// which no account bears, says that it is taken.
func (s *Store) Closing(ctx context.Context, tx *sql.Tx, id string) error {
	c, err := s.closing(ctx, tx, id, s.Database.ForUpdate)
	if errors.Is(err, database.ErrNotFound) {
		return nil // nothing is here
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

// ClosingPreview is what closing the account would mean now.
type ClosingPreview struct {
	// Refused says why it is not possible now; nil: it is.
	Refused error
	// TakenUntil is until when no account can have the identity, unless a window
	// frees it; zero: it is free at once.
	TakenUntil time.Time
}

// PreviewClosing tells the holder beforehand what closing the account would mean.
func (s *Store) PreviewClosing(ctx context.Context, h account.Holder) (ClosingPreview, error) {
	return view(ctx, s, "ask what closing means", func(ctx context.Context, q database.Queries) (ClosingPreview, error) {
		return s.closing(ctx, q, h.Account(), "")
	})
}

func (s *Store) closing(ctx context.Context, q database.Queries, id, lock string) (c ClosingPreview, err error) {
	h, err := s.readHolder(ctx, q, id, lock)
	if err != nil {
		return ClosingPreview{}, err
	}
	now := s.Now()
	if c.Refused, err = s.unfinished(ctx, q, `account = $1`, id); err != nil {
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

// unfinished refuses while tickets of a condition are good for a journey that is
// not over.
func (s *Store) unfinished(ctx context.Context, q database.Queries, which string, args ...any) (refused, err error) {
	var last database.Millis
	err = q.QueryRowContext(ctx, `SELECT COALESCE(MAX(ends_ms), 0) FROM tickets WHERE state = 1 AND `+which, args...).Scan(&last)
	if err != nil || last <= s.now() {
		return nil, err
	}
	// Rounded up: a retry at the told second succeeds.
	return problem.Until((last + 999).Seconds(), TicketsUnfinished, "there are tickets for journeys that are not over"), nil
}
