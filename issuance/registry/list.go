package registry

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
)

// Own is the registry's data about an account's holder. It is personal data.
type Own struct {
	Person     identity.Person
	Status     rules.Status
	Tickets    int // for all passengers, bought or issued by a change
	OwnTickets int // of these, for the holder
	Version    int64
}

// List is an account's holder and passengers, in the order in which they were added.
type List struct {
	Own        Own
	Passengers []Line
}

var errLoginRequired = problem.New(account.LoginRequired, "")

// viewForHolder reads for a holder. An account that was closed after the authorization is
// [account.LoginRequired].
func viewForHolder[T any](ctx context.Context, s *Store, what string, f func(ctx context.Context, q database.Queries) (T, error)) (T, error) {
	out, err := database.Read(ctx, s.Database, what, f)
	return out, orLoginRequired(err)
}

// changeForHolder runs a change of the account's data under the lock of its holder's row.
func (s *Store) changeForHolder(ctx context.Context, what string, by account.Holder, f func(ctx context.Context, tx *sql.Tx, h holder) error) error {
	return orLoginRequired(s.Database.Change(ctx, what, func(ctx context.Context, tx *sql.Tx) error {
		h, err := s.readHolder(ctx, tx, by.Account(), s.Database.ForUpdate)
		if err != nil {
			return err
		}
		return f(ctx, tx, h)
	}))
}

func orLoginRequired(err error) error {
	if errors.Is(err, database.ErrNotFound) {
		return errLoginRequired
	}
	return err
}

// List returns an account's list.
func (s *Store) List(ctx context.Context, by account.Holder) (List, error) {
	return viewForHolder(ctx, s, "read list", func(ctx context.Context, q database.Queries) (List, error) { return s.readList(ctx, q, by.Account()) })
}

// Own returns the entry of an account's holder.
func (s *Store) Own(ctx context.Context, by account.Holder) (Own, error) {
	return viewForHolder(ctx, s, "read own entry", func(ctx context.Context, q database.Queries) (Own, error) {
		h, err := s.readHolder(ctx, q, by.Account(), "")
		return h.own(), err
	})
}

func (h holder) own() Own { return Own{h.Person, h.Status, h.Tickets, h.OwnTickets, h.version} }

func (s *Store) readList(ctx context.Context, q database.Queries, account string) (List, error) {
	h, err := s.readHolder(ctx, q, account, "")
	if err != nil {
		return List{}, err
	}
	lines, err := s.readLines(ctx, q, `account = $1`, account)
	if err != nil {
		return List{}, err
	}
	var c rules.Counts
	for _, l := range lines {
		c.Add(l.Status, 1)
	}
	for i := range lines {
		lines[i].HolderOriginal = rules.NeedsHolderOriginal(h.Account, lines[i].Passenger, c, s.Limits())
	}
	return List{h.own(), lines}, nil
}

// EnteredPassenger is the form for a passenger.
type EnteredPassenger struct {
	identity.Entry
	// Policy is the version of the privacy policy that the holder agrees to, for themselves and, by
	// their statement, for the passenger (rule B12).
	Policy string
}

// readPassenger checks consent, then the fields.
func (s *Store) readPassenger(e EnteredPassenger, now time.Time) (identity.Person, error) {
	if err := rules.CanKeep(rules.Consent{Policy: e.Policy, At: now}, s.Policy, now); err != nil {
		return identity.Person{}, err
	}
	return rules.ReadPerson(e.Entry, now)
}

// Add adds a passenger to the list (rules B2 and B3) with the status of an unchecked entry. On a
// full list only a resident ID passenger of a resident ID account can be added (G04).
func (s *Store) Add(ctx context.Context, by account.Holder, e EnteredPassenger) (l Line, err error) {
	now := s.Now()
	who, err := s.readPassenger(e, now)
	if err != nil {
		return Line{}, err
	}
	l = Line{
		ID: ids.New(passengerPrefix, ids.IDSize), Policy: e.Policy, AgreedAt: now, Version: 1,
		Passenger: rules.Passenger{Person: who, Status: rules.Initial(who.Document), AddedAt: now},
	}
	err = s.changeForHolder(ctx, "add passenger", by, func(ctx context.Context, tx *sql.Tx, h holder) error {
		c, err := s.counts(ctx, tx, h.id, who, "")
		if err != nil {
			return err
		}
		if err := rules.CanAdd(h.Account, l.Passenger, c, s.Limits()); err != nil {
			return err
		}
		l.HolderOriginal = rules.NeedsHolderOriginal(h.Account, l.Passenger, c, s.Limits())
		_, err = tx.ExecContext(ctx, `
			INSERT INTO passengers (id, account, document, person, status, added_ms, tickets, policy, agreed_ms, version)
			VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $6, 1)`,
			l.ID, h.id, s.documentHash(indexPassenger, who), s.encryptPerson(tablePassengers, l.ID, who), l.Status, database.MillisAt(now), l.Policy)
		return err
	})
	return l, err
}

const passengerPrefix = "psg_"

// Edit replaces the person of a line, based on the version that the holder saw (rule B4 and the
// table of statuses). An edit without changes has no effect, except that a failed passenger waits
// for a new check.
func (s *Store) Edit(ctx context.Context, by account.Holder, id string, version int64, e EnteredPassenger) (l Line, err error) {
	now := s.Now()
	who, err := s.readPassenger(e, now)
	if err != nil {
		return Line{}, err
	}
	err = s.changeForHolder(ctx, "edit passenger", by, func(ctx context.Context, tx *sql.Tx, h holder) error {
		if l, err = s.readLine(ctx, tx, h.id, id); err != nil {
			return err
		}
		if l.Version != version {
			return errEntryChanged
		}
		who.Name = l.Person.Name.Edited(who.Name)
		c, err := s.counts(ctx, tx, h.id, who, id)
		if err != nil {
			return err
		}
		if who == l.Person && l.Status != rules.Failed {
			l.HolderOriginal = rules.NeedsHolderOriginal(h.Account, l.Passenger, c, s.Limits())
			return nil
		}
		if l.Status, err = rules.CanEdit(h.Account, l.Passenger, who, c, s.Limits()); err != nil {
			return err
		}
		if err := s.moveBookings(ctx, tx, Ref{h.id, id}, l.Person, who); err != nil {
			return err
		}
		l.Person, l.Policy, l.AgreedAt = who, e.Policy, now
		l.HolderOriginal = rules.NeedsHolderOriginal(h.Account, l.Passenger, c, s.Limits())
		l.Version++
		_, err = tx.ExecContext(ctx, `
			UPDATE passengers SET document = $2, person = $3, status = $4, policy = $5, agreed_ms = $6, version = $7 WHERE id = $1`,
			id, s.documentHash(indexPassenger, who), s.encryptPerson(tablePassengers, id, who), l.Status, l.Policy, database.MillisAt(now), l.Version)
		return err
	})
	return l, err
}

// Delete deletes a passenger from the list (rule B4). Our choice: not while a ticket is valid for a
// journey that is not over, since the ticket could no longer be changed.
func (s *Store) Delete(ctx context.Context, by account.Holder, id string) error {
	return s.changeForHolder(ctx, "delete passenger", by, func(ctx context.Context, tx *sql.Tx, h holder) error {
		l, err := s.readLine(ctx, tx, h.id, id)
		if err != nil {
			return err
		}
		if err := rules.CanDelete(h.Account, l.Passenger, s.Limits(), s.Now()); err != nil {
			return err
		}
		if err := s.requireNoJourney(ctx, tx, Ref{h.id, id}); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM passengers WHERE id = $1`, id)
		return err
	})
}

// countsFor returns the counts of the list that an entry is on; zero for a holder.
func (s *Store) countsFor(ctx context.Context, q database.Queries, e entry) (c rules.Counts, err error) {
	if e.Ref.Passenger == "" {
		return c, nil
	}
	return s.counts(ctx, q, e.Account, e.Person, e.Ref.Passenger)
}

// counts returns the counts of an account's list before the person is written to the line at;
// empty: a new line. The holder's row must be locked.
func (s *Store) counts(ctx context.Context, q database.Queries, account string, p identity.Person, at string) (c rules.Counts, err error) {
	err = database.Each(ctx, q, func(rows *sql.Rows) error {
		var status rules.Status
		var n, same int
		err := rows.Scan(&status, &n, &same)
		c.Add(status, n)
		c.Duplicate = c.Duplicate || same > 0
		return err
	}, `SELECT status, COUNT(*), SUM(CASE WHEN document = $2 AND id <> $3 THEN 1 ELSE 0 END)
		FROM passengers WHERE account = $1 GROUP BY status`, account, s.documentHash(indexPassenger, p), at)
	return c, err
}
