package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
)

// Correction is an identity as read from the original at a window.
type Correction struct {
	Principal
	Entry       Ref
	Version     int64          // of the entry that was viewed
	As          identity.Entry // as on the document
	rules.Visit                // without At: only windows correct identities
}

// Correct replaces a checked identity by what a window read from the original ([rules.CanCorrect]).
// The line keeps its AddedAt, from which rule B4 counts. Our choice: while a ticket for the old
// identity is valid for a journey that is not over, it fails with [TicketsUnfinished], since the
// passenger would no longer match the ticket.
func (s *Store) Correct(ctx context.Context, c Correction) (rules.Status, error) {
	if err := c.By.May(staff.CorrectIdentity); err != nil {
		return 0, err
	}
	c.At = rules.Window
	to, err := rules.ReadPerson(c.As, s.Now())
	if err != nil {
		return 0, err
	}
	return s.rewriteEntry(ctx, "correct an identity", c, "", func(ctx context.Context, tx *sql.Tx, w entryRewrite) (rules.Status, error) {
		h, e := w.holder, w.entry
		duplicate, err := s.isListed(ctx, tx, e.Ref, to)
		if err != nil {
			return 0, err
		}
		own := e.Ref.Passenger == ""
		next, err := rules.CanCorrect(h.Account, e.Passenger, own, w.contact, rules.Correction{To: to, Visit: c.Visit, Duplicate: duplicate})
		if err != nil {
			return 0, err
		}
		if err := s.requireNoJourney(ctx, tx, e.Ref); err != nil {
			return 0, err
		}
		if own {
			if err := s.assignIdentity(ctx, tx, h, to); err != nil {
				return 0, err
			}
		}
		if err := s.overwriteEntry(ctx, tx, w, to, next); err != nil {
			return 0, err
		}
		return next, s.audit(ctx, tx, c.Principal, staff.CorrectIdentity, e.Ref,
			fmt.Sprintf("%s corrected, %v becomes %v", differences(e.Person, to), e.Status, next))
	})
}

// Claim moves an identity to the account of its owner, who is at a window ([rules.CanClaim]), and
// takes it from the account that has it. Both happen in one transaction, so that two accounts never
// have the identity at the same time. An account from which a window took an identity gets it back
// only by a claim.
func (s *Store) Claim(ctx context.Context, c Correction) (rules.Status, error) {
	if err := c.By.May(staff.ResolveDuplicate); err != nil {
		return 0, err
	}
	c.At = rules.Window
	to, err := rules.ReadPerson(c.As, s.Now())
	if err != nil {
		return 0, err
	}
	document := s.documentHash(indexHolder, to)
	previous, err := database.Read(ctx, s.Database, "find the identity's account", func(ctx context.Context, q database.Queries) (string, error) {
		return s.identityOwner(ctx, q, document)
	})
	if err != nil {
		return 0, err
	}
	c.Entry.Passenger = "" // only account holders have identities
	other := previous
	if other == closedAccount {
		other = ""
	}
	return s.rewriteEntry(ctx, "claim an identity", c, other, func(ctx context.Context, tx *sql.Tx, w entryRewrite) (rules.Status, error) {
		h := w.holder
		owner, err := s.identityOwner(ctx, tx, document)
		if err != nil {
			return 0, err
		}
		if owner != previous {
			return 0, errEntryChanged // it changed hands before the locks were acquired
		}
		if owner == h.id {
			return 0, problem.New(rules.TransitionRefused, "the account already has this identity: verify or correct its entry")
		}
		duplicate, err := s.isListed(ctx, tx, w.entry.Ref, to)
		if err != nil {
			return 0, err
		}
		next, err := rules.CanClaim(h.Account, w.contact, rules.Correction{To: to, Visit: c.Visit, Duplicate: duplicate})
		if err != nil {
			return 0, err
		}
		if to != h.Person {
			if err := s.requireNoJourney(ctx, tx, w.entry.Ref); err != nil {
				return 0, err
			}
		}
		if err := s.releaseIdentity(ctx, tx, c.Principal, document, previous); err != nil {
			return 0, err
		}
		h.lost = nil
		if err := s.assignIdentity(ctx, tx, h, to); err != nil {
			return 0, err
		}
		if err := s.overwriteEntry(ctx, tx, w, to, next); err != nil {
			return 0, err
		}
		return next, s.audit(ctx, tx, c.Principal, staff.ResolveDuplicate, w.entry.Ref, fmt.Sprintf("identity claimed, %v becomes %v", h.Status, next))
	})
}

// entryRewrite is an entry that a window is about to overwrite, with its rows locked.
type entryRewrite struct {
	holder
	entry   entry
	contact rules.Contact
	// profile stores a new identity in the account's profile; nil for a passenger.
	profile func(identity.Person) error
}

// rewriteEntry runs a window's decision about an entry. It locks the entry's account and then, in
// the order of their ids, its holder and the holder other. A wrong proof is counted as in
// [Store.Verify], and that count is committed.
func (s *Store) rewriteEntry(ctx context.Context, what string, c Correction, other string, decide func(ctx context.Context, tx *sql.Tx, w entryRewrite) (rules.Status, error)) (rules.Status, error) {
	var wrong error
	next, err := database.Update(ctx, s.Database, what, func(ctx context.Context, tx *sql.Tx) (next rules.Status, err error) {
		var w entryRewrite
		if !isID(c.Entry.Account) {
			return 0, errEntryNotFound
		}
		if c.Entry.Passenger == "" {
			if w.profile, err = account.LockIdentity(ctx, tx, s.Database, s.Vault, c.Entry.Account); err != nil {
				return 0, entryNotFound(err)
			}
		}
		if other != "" && other < c.Entry.Account {
			if err := s.lockHolder(ctx, tx, other); err != nil {
				return 0, err
			}
		}
		if w.holder, w.entry, err = s.readEntry(ctx, tx, c.Entry, s.Database.ForUpdate); err != nil {
			return 0, err
		}
		if other > c.Entry.Account {
			if err := s.lockHolder(ctx, tx, other); err != nil {
				return 0, err
			}
		}
		if w.entry.version != c.Version {
			return 0, errEntryChanged
		}
		wrong, err = s.countGuess(ctx, tx, w.entry.Person, c.Proof != rules.Proof{}, func() error {
			if w.contact, err = s.contact(ctx, tx, w.holder, w.entry); err != nil {
				return err
			}
			next, err = decide(ctx, tx, w)
			return err
		})
		return next, err
	})
	if err == nil {
		err = wrong
	}
	return next, err
}

// lockHolder locks the holder that loses an identity. A holder whose account was closed meanwhile
// is errEntryChanged.
func (s *Store) lockHolder(ctx context.Context, tx *sql.Tx, id string) error {
	_, err := s.readHolder(ctx, tx, id, s.Database.ForUpdate)
	if errors.Is(err, database.ErrNotFound) {
		return errEntryChanged
	}
	return err
}

func entryNotFound(err error) error {
	if problem.Is(err, account.LoginRequired) || problem.Is(err, account.AccountNotFound) {
		return errEntryNotFound
	}
	return err
}

// isListed reports whether another line of the account's list has the document.
func (s *Store) isListed(ctx context.Context, q database.Queries, r Ref, p identity.Person) (bool, error) {
	c, err := s.counts(ctx, q, r.Account, p, r.Passenger)
	return c.Duplicate, err
}

// requireNoJourney fails while a ticket of the entry is valid for a journey that is not over.
func (s *Store) requireNoJourney(ctx context.Context, q database.Queries, r Ref) error {
	unfinished, err := s.unfinishedJourney(ctx, q, `account = $1 AND COALESCE(passenger, '') = $2`, r.Account, r.Passenger)
	if err == nil {
		err = unfinished
	}
	return err
}

// overwriteEntry stores a person and a status in an entry. Bookings follow the person: those of a
// journey that has just ended still count at the exit.
func (s *Store) overwriteEntry(ctx context.Context, tx *sql.Tx, w entryRewrite, to identity.Person, next rules.Status) error {
	r := w.entry.Ref
	if err := s.moveBookings(ctx, tx, r, w.entry.Person, to); err != nil {
		return err
	}
	if r.Passenger != "" {
		_, err := tx.ExecContext(ctx, `UPDATE passengers SET document = $2, person = $3, status = $4, version = version + 1 WHERE id = $1`,
			r.Passenger, s.documentHash(indexPassenger, to), s.encryptPerson(tablePassengers, r.Passenger, to), next)
		return err
	}
	lost := w.holder.lost
	if s.hasLost(w.holder, to) {
		lost = nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE holders SET person = $2, status = $3, lost = $4, version = version + 1 WHERE id = $1`,
		r.Account, s.encryptPerson(tableHolders, r.Account, to), next, lost)
	if err != nil {
		return err
	}
	return w.profile(to)
}

// differences lists the names of the fields in which two persons differ, without values.
func differences(p, q identity.Person) string {
	var fields []string
	for _, f := range []struct {
		name    string
		differs bool
	}{
		{"name", p.Name != q.Name || p.Substituted != q.Substituted}, {"document type", p.Document != q.Document},
		{"number", p.Number != q.Number}, {"nationality", p.Nationality != q.Nationality},
	} {
		if f.differs {
			fields = append(fields, f.name)
		}
	}
	return strings.Join(fields, ", ")
}
