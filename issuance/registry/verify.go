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

// checkAction is the staff action that checks an entry in its present status.
func checkAction(p rules.Passenger) staff.Action {
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

// Check is a counter's verdict about an entry.
type Check struct {
	Principal
	Entry   Ref
	Version int64 // of the entry that was viewed
	// Visit is without At, which the member's role determines. HolderOriginal is required if
	// EntryView.HolderOriginalNeeded is set.
	rules.Visit
	Matches bool // the original matches the entry
}

// Verify settles an entry after a counter compared it with the original: a resident ID card becomes
// verified or failed, another document pre-verified or failed. On a full list it needs
// [rules.CanExceed]. Wrong proofs (rule B1) are counted by the entry's document; beyond the
// lockout's rule the answer is [throttle.TooManyFailures], whether right or wrong. Verdicts of
// agencies that an entry does not match are bounded by the same rule, since a failed entry can be
// saved and checked again without limit; after that only a window checks it.
func (s *Store) Verify(ctx context.Context, c Check) (next rules.Status, err error) {
	at, err := c.counter()
	if err != nil {
		return 0, err
	}
	c.At = at
	var wrong error // the answer to a wrong proof, whose count must be committed
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
		action, detail := checkAction(e.Passenger), fmt.Sprintf("%v becomes %v", e.Status, next)
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

// countGuess runs check, which compares a proof about a person's document. A wrong proof is
// counted, so the transaction must commit; wrong is then the answer. After too many it is
// [throttle.TooManyFailures], whether right or wrong.
func (s *Store) countGuess(ctx context.Context, tx *sql.Tx, p identity.Person, guessed bool, check func() error) (wrong, err error) {
	if guessed {
		if err := s.Lockout.Check(ctx, tx, s.proofKey(p)); err != nil {
			return nil, err
		}
	}
	if err = check(); guessed && problem.Is(err, rules.ProofWrong) {
		return err, s.Lockout.Add(ctx, tx, s.proofKey(p))
	}
	return nil, err
}

// contact returns the data that proofs about an entry are compared with.
func (s *Store) contact(ctx context.Context, q database.Queries, h holder, e entry) (rules.Contact, error) {
	if e.Ref.Passenger != "" {
		return h.ListContact(), nil
	}
	p, err := account.ProfileOf(ctx, q, s.Vault, h.id)
	return rules.Contact{Phone: p.Contact.Phone, Email: p.Contact.Email}, err
}

// proofKey is the key for guesses about a document. Its hash differs from that of other failures of
// the person: failed face checks must not lock the window, nor the reverse.
func (s *Store) proofKey(p identity.Person) throttle.Key {
	return ProofKey(s.Lockout, s.Vault.Index, p.Document, p.Identifier())
}

// mismatchKey is the key for agencies' verdicts that an entry does not match. It is per entry, so
// that entries of strangers with the same document do not count against others.
func (s *Store) mismatchKey(r Ref) throttle.Key {
	return s.Lockout.Document(vault.PersonHash(s.Vault.Index(indexMismatch, r.Account+" "+r.Passenger)))
}

// ProofKey is the key by which guesses about a document are counted. identifier is that of
// [identity.Person.Identifier].
func ProofKey(f *throttle.Lockout, index func(purpose, value string) [32]byte, document identity.DocumentType, identifier string) throttle.Key {
	return f.Document(vault.PersonHash(index(indexProof, documentText(document, identifier))))
}

// AuthorityResult is the national authority's verdict.
type AuthorityResult struct {
	Principal
	Entry   Ref
	Version int64 // of the entry that was viewed
	Matches bool
}

// SettleForeign settles a pre-verified entry as verified or failed.
func (s *Store) SettleForeign(ctx context.Context, r AuthorityResult) (rules.Status, error) {
	if err := r.By.May(staff.SettleForeign); err != nil {
		return 0, err
	}
	return database.Update(ctx, s.Database, "settle a pre-verified entry", func(ctx context.Context, tx *sql.Tx) (rules.Status, error) {
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
