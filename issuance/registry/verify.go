package registry

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/issuance/vault"
)

// checking is the action by which an entry is checked that waits for it.
func checking(p rules.Passenger) staff.Action {
	switch {
	case p.Status == rules.PreVerified:
		return staff.SettleForeign
	case p.Person.Document != identity.ResidentID:
		return staff.PreVerify
	case p.Person.WindowOnly():
		return staff.VerifyRareName
	}
	return staff.VerifyResident
}

// Check is what a counter found.
type Check struct {
	Principal
	Entry   Ref
	Version int64 // of the entry that was looked at
	// Visit is without At, which the member's role says. HolderOriginal is asked for where
	// EntryView.HolderOriginalNeeded.
	rules.Visit
	Matches bool // the original is what the entry says
}

// Verify settles an entry after a counter compared it with the original: a
// resident ID card becomes verified or failed, another document pre-verified or
// failed. On a full list that is for resident ID passengers of a resident ID account
// with both originals (rules.CanExceed). Of wrong proofs (rule B1) the entry's
// document takes as many as the failures' rule says; then it is
// throttle.TooManyFailures, right or wrong. Of verdicts that it does not match an
// entry takes as many from agencies: a failed entry can be saved and checked again
// and again, and then it is for a window to look.
func (s *Store) Verify(ctx context.Context, c Check) (next rules.Status, err error) {
	at, err := c.counter()
	if err != nil {
		return 0, err
	}
	c.At = at
	var wrong error // the answer to a guess: what counts it must be committed
	err = s.Database.Change(ctx, "verify", func(ctx context.Context, tx *sql.Tx) error {
		h, e, err := s.readEntry(ctx, tx, c.Entry, s.Database.ForUpdate)
		if err != nil {
			return err
		}
		if e.version != c.Version {
			return errEntryChanged
		}
		if c.Entry.Passenger == "" && s.hasLost(h, e.Person) {
			return errIdentityLost
		}
		wrong, err = s.countGuess(ctx, tx, e.Person, e.Person.WindowOnly() && c.Proof != (rules.Proof{}), func() error {
			if at == rules.Agency {
				if err := s.Lockout.Check(ctx, tx, s.mismatchKey(c.Entry)); err != nil {
					return err
				}
			}
			var contact rules.Contact
			if e.Person.WindowOnly() {
				if contact, err = s.contact(ctx, tx, h, e); err != nil {
					return err
				}
			}
			next, err = rules.Verify(e.Passenger, contact, c.Visit, c.Matches)
			return err
		})
		if err != nil || wrong != nil {
			return err
		}
		counts, err := s.countsFor(ctx, tx, e)
		if err != nil {
			return err
		}
		if err := rules.CanExceed(h.Account, e.Passenger, c.Visit, counts, s.Limits()); err != nil {
			return err
		}
		action, detail := checking(e.Passenger), fmt.Sprintf("%v becomes %v", e.Status, next)
		if c.Delegated {
			action, detail = staff.VerifyDelegated, detail+", brought by a delegate"
		}
		if rules.NeedsHolderOriginal(h.Account, e.Passenger, counts, s.Limits()) {
			detail += ", beyond the list's limit with both originals"
		}
		if err := setStatus(ctx, tx, c.Entry, next); err != nil {
			return err
		}
		if at == rules.Agency && next == rules.Failed {
			if err := s.Lockout.Add(ctx, tx, s.mismatchKey(c.Entry)); err != nil {
				return err
			}
		}
		return s.audit(ctx, tx, c.Principal, action, c.Entry, detail)
	})
	if err == nil {
		err = wrong
	}
	return next, err
}

// countGuess runs what takes a proof about a person's document. A wrong one is counted,
// for which the transaction must commit: wrong is then the answer. After too many it is
// throttle.TooManyFailures, right or wrong.
func (s *Store) countGuess(ctx context.Context, tx *sql.Tx, p identity.Person, guessed bool, take func() error) (wrong, err error) {
	if guessed {
		if err := s.Lockout.Check(ctx, tx, s.proofKey(p)); err != nil {
			return nil, err
		}
	}
	if err = take(); guessed && problem.Is(err, rules.ProofWrong) {
		return err, s.Lockout.Add(ctx, tx, s.proofKey(p))
	}
	return nil, err
}

// contact is what proves a visit about an entry.
func (s *Store) contact(ctx context.Context, q database.Queries, h holder, e entry) (rules.Contact, error) {
	if e.Ref.Passenger != "" {
		return h.ListContact(), nil
	}
	p, err := account.ProfileOf(ctx, q, s.Vault, h.id)
	return rules.Contact{Phone: p.Contact.Phone, Email: p.Contact.Email}, err
}

// proofKey counts guesses about a document. Its hash is not the one that other
// failures of the person count by: whoever fails a face check from afar must not
// lock the window, nor the other way round.
func (s *Store) proofKey(p identity.Person) throttle.Key {
	return ProofKey(s.Lockout, s.Vault.Index, p.Document, p.Identifier())
}

// mismatchKey counts verdicts of agencies that an entry does not match, by the
// entry: what strangers enter about a document does not count against others.
func (s *Store) mismatchKey(r Ref) throttle.Key {
	return s.Lockout.Document(vault.PersonHash(s.Vault.Index(indexMismatch, r.Account+" "+r.Passenger)))
}

// ProofKey is what guesses about a document are counted by; see identity.Person for
// its identifier.
func ProofKey(f *throttle.Lockout, index func(purpose, value string) [32]byte, document identity.DocumentType, identifier string) throttle.Key {
	return f.Document(vault.PersonHash(index(indexProof, documentText(document, identifier))))
}

// AuthorityResult is what the national authority found.
type AuthorityResult struct {
	Principal
	Entry   Ref
	Version int64 // of the entry that was looked at
	Matches bool
}

// SettleForeign settles a pre-verified entry: verified or failed.
func (s *Store) SettleForeign(ctx context.Context, r AuthorityResult) (rules.Status, error) {
	if err := r.By.May(staff.SettleForeign); err != nil {
		return 0, err
	}
	return database.Update(ctx, s.Database, "decide", func(ctx context.Context, tx *sql.Tx) (rules.Status, error) {
		_, e, err := s.readEntry(ctx, tx, r.Entry, s.Database.ForUpdate)
		if err != nil {
			return 0, err
		}
		if e.version != r.Version {
			return 0, errEntryChanged
		}
		next, err := rules.SettleForeign(e.Passenger, r.Matches)
		if err != nil {
			return 0, err
		}
		if err := setStatus(ctx, tx, r.Entry, next); err != nil {
			return 0, err
		}
		return next, s.audit(ctx, tx, r.Principal, staff.SettleForeign, r.Entry, fmt.Sprintf("%v becomes %v", e.Status, next))
	})
}
