package registry

import (
	"context"
	"database/sql"
	"errors"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
)

// MaxFound bounds the entries found by one document. Our choice: a document may be on many lists,
// but a visit checks only a few of them.
const MaxFound = 100

// Found is an entry that a counter may check.
type Found struct {
	Ref
	Status rules.Status
	// HolderOriginalNeeded means that the account's list is full, so that the account holder's
	// original is required as well (G04).
	HolderOriginalNeeded bool
	// Lost means that a window took the document's identity from this account (rule B11). Its entry
	// cannot be verified with the document; the owner can claim the identity.
	Lost bool
}

// FindEntries lists the entries with a document that the counter may check now: the unchecked and
// the failed ones, entries of account holders first. A window also finds accounts that lost the
// document's identity. The result contains no personal data; [Store.ViewEntry] shows it.
func (s *Store) FindEntries(ctx context.Context, a Principal, e identity.Entry) (found []Found, err error) {
	at, err := a.counter()
	if err != nil {
		return nil, err
	}
	p, err := rules.ReadDocument(e, s.Now())
	if err != nil {
		return nil, err
	}
	initial := rules.Initial(p.Document)
	if err := rules.MayCheck(rules.Passenger{Person: p, Status: initial}, at); err != nil {
		return nil, err
	}
	return s.findEntries(ctx, p, at == rules.Window, initial, rules.Failed)
}

// FindForCorrection lists the checked entries with a document, for a window. The document number is
// the one in the entry. Each entry in the result is written to the audit log, since its person need
// not be at the counter.
func (s *Store) FindForCorrection(ctx context.Context, a Principal, e identity.Entry) (found []Found, err error) {
	if err := a.By.May(staff.CorrectIdentity); err != nil {
		return nil, err
	}
	p, err := rules.ReadDocument(e, s.Now())
	if err != nil {
		return nil, err
	}
	if found, err = s.findEntries(ctx, p, false, rules.Verified, rules.PreVerified); err != nil || len(found) == 0 {
		return nil, err
	}
	err = s.Database.Change(ctx, "record a search", func(ctx context.Context, tx *sql.Tx) error {
		for _, f := range found {
			if err := s.audit(ctx, tx, a, staff.CorrectIdentity, f.Ref, "found by its document"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// findEntries lists entries with either of two statuses and, if withLost is set, the accounts that
// lost the identity.
func (s *Store) findEntries(ctx context.Context, p identity.Person, withLost bool, one, another rules.Status) (found []Found, err error) {
	lost := 0
	if withLost {
		lost = 1
	}
	err = s.Database.View(ctx, "find entries", func(ctx context.Context, q database.Queries) error {
		var lists []rules.Counts
		err := database.Each(ctx, q, func(rows *sql.Rows) error {
			var f Found
			var c rules.Counts
			err := rows.Scan(&f.Account, &f.Passenger, &f.Status, &f.Lost, &c.Counted)
			found, lists = append(found, f), append(lists, c)
			return err
		}, `SELECT account, passenger, status, lost > 0,
				(SELECT COUNT(*) FROM passengers l WHERE l.account = entries.account AND l.status IN (1, 3, 4)) FROM (
				SELECT h.id AS account, '' AS passenger, h.status AS status, 0 AS lost, 0 AS added_ms
				FROM identities i JOIN holders h ON h.id = i.account WHERE i.person = $1 AND h.status IN ($3, $4)
				UNION ALL SELECT id, '', status, 1, 0 FROM holders WHERE lost = $1 AND $5 > 0
				UNION ALL SELECT account, id, status, 0, added_ms FROM passengers WHERE document = $2 AND status IN ($3, $4)) entries
			ORDER BY added_ms, lost, account, passenger LIMIT $6`,
			s.documentHash(indexHolder, p), s.documentHash(indexPassenger, p), one, another, lost, MaxFound)
		for i := range found {
			if err == nil && found[i].Passenger != "" {
				found[i].HolderOriginalNeeded, err = s.needsHolderOriginal(ctx, q, found[i], p, lists[i])
			}
		}
		return err
	})
	return found, err
}

// needsHolderOriginal decrypts the account's own entry only if the list is full.
func (s *Store) needsHolderOriginal(ctx context.Context, q database.Queries, f Found, p identity.Person, c rules.Counts) (bool, error) {
	who, l := rules.Passenger{Person: p, Status: f.Status}, s.Limits()
	if !rules.Exceeds(who, c, l) {
		return false, nil
	}
	h, err := s.readHolder(ctx, q, f.Account, "")
	if errors.Is(err, database.ErrNotFound) { // closed meanwhile
		err = nil
	}
	return err == nil && rules.NeedsHolderOriginal(h.Account, who, c, l), err
}

// EntryView is an entry as shown to a member of staff who compares it with a document. It is
// personal data.
type EntryView struct {
	Ref
	Person  identity.Person
	Status  rules.Status
	Version int64 // a decision about the entry must name it
	// ProofNeeded means that the name is one of rule B1, or that the view is for a correction.
	ProofNeeded bool
	// HolderOriginalNeeded means that the account's list is full, so that the account holder's
	// original is required as well (G04).
	HolderOriginalNeeded bool
	// Lost means that a window took this identity from the account (rule B11).
	Lost bool
}

// ViewEntry shows a counter an entry that it may check now and records that in the audit log. A
// clerk sees only the data of people whose documents they have to check.
func (s *Store) ViewEntry(ctx context.Context, a Principal, r Ref) (EntryView, error) {
	at, err := a.counter()
	if err != nil {
		return EntryView{}, err
	}
	return s.viewToCheck(ctx, a, at, r)
}

// ViewForCorrection shows a window a checked entry, to correct it.
func (s *Store) ViewForCorrection(ctx context.Context, a Principal, r Ref) (EntryView, error) {
	if err := a.By.May(staff.CorrectIdentity); err != nil {
		return EntryView{}, err
	}
	return s.viewEntry(ctx, a, r, func(p rules.Passenger) (staff.Action, error) {
		if p.Status != rules.Verified && p.Status != rules.PreVerified {
			return "", problem.New(rules.TransitionRefused, "only a verified or pre-verified identity can be corrected at a window")
		}
		return staff.CorrectIdentity, nil
	})
}

func (s *Store) viewToCheck(ctx context.Context, a Principal, by rules.Actor, r Ref) (EntryView, error) {
	return s.viewEntry(ctx, a, r, func(p rules.Passenger) (staff.Action, error) {
		return checkAction(p), rules.MayCheck(p, by)
	})
}

// viewEntry shows an entry if may allows it; may returns the action for the audit log. A correction
// needs a proof for every name. An entry is shown only after the audit log has recorded it.
func (s *Store) viewEntry(ctx context.Context, a Principal, r Ref, may func(rules.Passenger) (staff.Action, error)) (EntryView, error) {
	return database.Update(ctx, s.Database, "view an entry", func(ctx context.Context, tx *sql.Tx) (v EntryView, err error) {
		h, e, err := s.readEntry(ctx, tx, r, "")
		if err != nil {
			return v, err
		}
		action, err := may(e.Passenger)
		if err != nil {
			return v, err
		}
		c, err := s.countsFor(ctx, tx, e)
		if err != nil {
			return v, err
		}
		v = EntryView{
			r, e.Person, e.Status, e.version, action == staff.CorrectIdentity || action != staff.SettleForeign && e.Person.WindowOnly(),
			rules.NeedsHolderOriginal(h.Account, e.Passenger, c, s.Limits()), r.Passenger == "" && s.hasLost(h, e.Person),
		}
		return v, s.audit(ctx, tx, a, action, r, "viewed the entry")
	})
}

// MaxAwaiting bounds the result of one call of [Store.Awaiting].
const MaxAwaiting = 100

// Awaiting lists pre-verified entries, which wait for the national authority, at most
// [MaxAwaiting]. after is next of the previous call, or "" for the beginning. An empty list is the
// end. The result contains no personal data.
func (s *Store) Awaiting(ctx context.Context, a Principal, after string) (waiting []Ref, next string, err error) {
	if err := a.By.May(staff.SettleForeign); err != nil {
		return nil, "", err
	}
	if after != "" && !isID(after) {
		return nil, "", errEntryNotFound
	}
	next = after
	err = s.Database.View(ctx, "find entries for the authority", func(ctx context.Context, q database.Queries) (err error) {
		waiting, err = database.All(ctx, q, func(rows *sql.Rows, r *Ref) error {
			err := rows.Scan(&next, &r.Account)
			if r.Account == "" {
				r.Account = next
			} else {
				r.Passenger = next
			}
			return err
		}, `SELECT id, account FROM passengers WHERE status = 4 AND id > $1
			UNION ALL SELECT id, '' FROM holders WHERE status = 4 AND id > $1
			ORDER BY 1 LIMIT $2`, after, MaxAwaiting)
		return err
	})
	return waiting, next, err
}

// ViewForAuthority shows the authority a pre-verified entry, as [Store.ViewEntry] does for a
// counter.
func (s *Store) ViewForAuthority(ctx context.Context, a Principal, r Ref) (EntryView, error) {
	if err := a.By.May(staff.SettleForeign); err != nil {
		return EntryView{}, err
	}
	return s.viewToCheck(ctx, a, rules.Authority, r)
}
