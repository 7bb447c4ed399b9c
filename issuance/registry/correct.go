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

// Correction is an identity as the original at a window says it.
type Correction struct {
	Principal
	Entry       Ref
	Version     int64          // of the entry that was looked at
	As          identity.Entry // what the document says
	rules.Visit                // without At: only windows correct
}

// Correct writes what a window read from the original over an identity that was
// checked (rules.CanCorrect). The line keeps its time on the list, so that rule
// B4 still counts from it. Our choice: while a ticket bought under the old identity
// is good for a journey that is not over, the correction is TicketsUnfinished, or
// the traveller would no longer be the person on the ticket.
func (s *Store) Correct(ctx context.Context, c Correction) (rules.Status, error) {
	if err := c.By.May(staff.CorrectIdentity); err != nil {
		return 0, err
	}
	c.At = rules.Window
	to, err := rules.ReadPerson(c.As, s.Now())
	if err != nil {
		return 0, err
	}
	return s.rewriteEntry(ctx, "correct an identity", c, "", func(ctx context.Context, tx *sql.Tx, w rewriting) (rules.Status, error) {
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
			if err := s.takeIdentity(ctx, tx, h, to); err != nil {
				return 0, err
			}
		}
		if err := s.overwrite(ctx, tx, w, to, next); err != nil {
			return 0, err
		}
		return next, s.audit(ctx, tx, c.Principal, staff.CorrectIdentity, e.Ref,
			fmt.Sprintf("%s corrected, %v becomes %v", differences(e.Person, to), e.Status, next))
	})
}

// Claim gives an identity to the account of its owner, who is at a window
// ([rules.CanClaim]), and takes it from the account that has it, in one
// transaction: two accounts never have it at once. An account from which a window
// took an identity gets it back only by a claim.
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
	loser, err := database.Read(ctx, s.Database, "find who has the identity", func(ctx context.Context, q database.Queries) (string, error) {
		return s.identityOwner(ctx, q, document)
	})
	if err != nil {
		return 0, err
	}
	c.Entry.Passenger = "" // an identity is an account's own
	other := loser
	if other == freedOfClosed {
		other = ""
	}
	return s.rewriteEntry(ctx, "claim an identity", c, other, func(ctx context.Context, tx *sql.Tx, w rewriting) (rules.Status, error) {
		h := w.holder
		has, err := s.identityOwner(ctx, tx, document)
		if err != nil {
			return 0, err
		}
		if has != loser {
			return 0, errEntryChanged // it went elsewhere before the locks were ours
		}
		if has == h.id {
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
		if err := s.releaseIdentity(ctx, tx, c.Principal, document, loser); err != nil {
			return 0, err
		}
		h.lost = nil
		if err := s.takeIdentity(ctx, tx, h, to); err != nil {
			return 0, err
		}
		if err := s.overwrite(ctx, tx, w, to, next); err != nil {
			return 0, err
		}
		return next, s.audit(ctx, tx, c.Principal, staff.ResolveDuplicate, w.entry.Ref, fmt.Sprintf("identity is the account's, %v becomes %v", h.Status, next))
	})
}

// rewriting is an entry that a window is about to write over, with its locks held.
type rewriting struct {
	holder
	entry   entry
	contact rules.Contact
	// profile writes a new identity to the account; nil for a passenger.
	profile func(identity.Person) error
}

// rewriteEntry runs what a window decides about an entry, under the locks of its account
// and, in the order of their ids, of its holder and of another one. What it takes
// for a guess at the proof is counted as Verify does, and committed.
func (s *Store) rewriteEntry(ctx context.Context, what string, c Correction, other string, decide func(ctx context.Context, tx *sql.Tx, w rewriting) (rules.Status, error)) (rules.Status, error) {
	var wrong error
	next, err := database.Update(ctx, s.Database, what, func(ctx context.Context, tx *sql.Tx) (next rules.Status, err error) {
		var w rewriting
		if !idForm(c.Entry.Account) {
			return 0, errEntryNotFound
		}
		if c.Entry.Passenger == "" {
			if w.profile, err = account.LockIdentity(ctx, tx, s.Database, s.Vault, c.Entry.Account); err != nil {
				return 0, notFound(err)
			}
		}
		if other != "" && other < c.Entry.Account {
			if err := s.lockOther(ctx, tx, other); err != nil {
				return 0, err
			}
		}
		if w.holder, w.entry, err = s.readEntry(ctx, tx, c.Entry, s.Database.ForUpdate); err != nil {
			return 0, err
		}
		if other > c.Entry.Account {
			if err := s.lockOther(ctx, tx, other); err != nil {
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

// lockOther locks the holder that is to lose an identity; one that was closed
// meanwhile is errEntryChanged.
func (s *Store) lockOther(ctx context.Context, tx *sql.Tx, id string) error {
	_, err := s.readHolder(ctx, tx, id, s.Database.ForUpdate)
	if errors.Is(err, database.ErrNotFound) {
		return errEntryChanged
	}
	return err
}

func notFound(err error) error {
	if problem.Is(err, account.LoginRequired) || problem.Is(err, account.AccountNotFound) {
		return errEntryNotFound
	}
	return err
}

// isListed reports whether another line of the account's list is about the document.
func (s *Store) isListed(ctx context.Context, q database.Queries, r Ref, p identity.Person) (bool, error) {
	c, err := s.counts(ctx, q, r.Account, p, r.Passenger)
	return c.Duplicate, err
}

// requireNoJourney refuses while a ticket of the entry is good for a journey.
func (s *Store) requireNoJourney(ctx context.Context, q database.Queries, r Ref) error {
	refused, err := s.unfinished(ctx, q, `account = $1 AND COALESCE(passenger, '') = $2`, r.Account, r.Passenger)
	if err == nil {
		err = refused
	}
	return err
}

// overwrite writes a person and a status over an entry.
func (s *Store) overwrite(ctx context.Context, tx *sql.Tx, w rewriting, to identity.Person, next rules.Status) error {
	r := w.entry.Ref
	if r.Passenger != "" {
		_, err := tx.ExecContext(ctx, `UPDATE passengers SET document = $2, person = $3, status = $4, version = version + 1 WHERE id = $1`,
			r.Passenger, s.documentHash(indexPassenger, to), s.sealPerson(tablePassengers, r.Passenger, to), next)
		return err
	}
	lost := w.holder.lost
	if s.hasLost(w.holder, to) {
		lost = nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE holders SET person = $2, status = $3, lost = $4, version = version + 1 WHERE id = $1`,
		r.Account, s.sealPerson(tableHolders, r.Account, to), next, lost)
	if err != nil {
		return err
	}
	return w.profile(to)
}

// differences names the fields in which two persons differ, and no value.
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
