package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
)

// ShownDocument is a document that lies on the counter. It is personal data.
type ShownDocument struct {
	DocumentType   string
	DocumentNumber string
	Nationality    string
}

// Format keeps it out of logs and error texts, under every verb.
func (ShownDocument) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("(private)")) }

// MarshalJSON refuses: loggers write JSON.
func (ShownDocument) MarshalJSON() ([]byte, error) { return nil, errPrivate }

var errPrivate = errors.New("registry: personal data is not written as JSON")

// read checks its form. The name is no part of what finds a person.
func (b *Store) read(s ShownDocument) (p rules.Person, err error) {
	if p.Document, err = identity.ParseKnown(s.DocumentType); err != nil {
		return rules.Person{}, problem.New(rules.DocumentUnknown, "document_type "+err.Error())
	}
	if p.Number, err = identity.ReadNumber(p.Document, s.DocumentNumber, b.Now()); err == nil {
		p.Nationality, err = identity.ParseNationality(p.Document, s.Nationality)
	}
	switch {
	case errors.Is(err, identity.ErrFirstGeneration):
		return rules.Person{}, problem.New(rules.FirstGenerationCard, "document_number: "+err.Error())
	case err != nil:
		return rules.Person{}, problem.New(rules.PersonInvalid, err.Error())
	}
	return p, nil
}

// MaxFound bounds the entries that one document finds. Ours: it may stand on many
// lists, and nobody has more of them checked in one visit.
const MaxFound = 100

// Found is an entry that a counter may check.
type Found struct {
	Ref
	Status rules.Status
	// HolderOriginalNeeded says that the account's list is full: bring the account
	// holder's original too (G04).
	HolderOriginalNeeded bool
	// Lost says that a window took the document's identity from this account (rule
	// B11). Its entry cannot be verified with the document; the owner can have the
	// identity back.
	Lost bool
}

// FindEntries lists the entries about a document that the counter may check now: those
// that are unchecked and those that failed, the holders' own first. A window also
// finds accounts that have lost the document's identity. It returns no personal
// data: a counter that must see more uses [Store.ViewEntry].
func (b *Store) FindEntries(ctx context.Context, a Principal, s ShownDocument) (found []Found, err error) {
	at, err := a.counter()
	if err != nil {
		return nil, err
	}
	p, err := b.read(s)
	if err != nil {
		return nil, err
	}
	waits := rules.Initial(p.Document)
	if err := mayCheck(rules.Passenger{Person: p, Status: waits}, at); err != nil {
		return nil, err
	}
	return b.find(ctx, p, at == rules.Window, waits, rules.Failed)
}

// FindForCorrection lists, for a window, the entries about a document that were
// checked. The document's number is the one that the entry says. Each entry that is
// told is in the audit log: its person need not be at the counter.
func (b *Store) FindForCorrection(ctx context.Context, a Principal, s ShownDocument) (found []Found, err error) {
	if err := a.By.May(staff.CorrectIdentity); err != nil {
		return nil, err
	}
	p, err := b.read(s)
	if err != nil {
		return nil, err
	}
	if found, err = b.find(ctx, p, false, rules.Verified, rules.PreVerified); err != nil || len(found) == 0 {
		return nil, err
	}
	err = b.Database.Change(ctx, "note a search", func(ctx context.Context, tx *sql.Tx) error {
		for _, f := range found {
			if err := b.trail(ctx, tx, a, staff.CorrectIdentity, f.Ref, "found by its document"); err != nil {
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

// find lists entries of either of two statuses, with the accounts that have lost
// the identity if asked.
func (b *Store) find(ctx context.Context, p rules.Person, withLost bool, one, another rules.Status) (found []Found, err error) {
	lost := 0
	if withLost {
		lost = 1
	}
	err = b.Database.View(ctx, "find entries", func(ctx context.Context, q database.Queries) error {
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
			b.document(indexHolder, p), b.document(indexPassenger, p), one, another, lost, MaxFound)
		for i := range found {
			if err == nil && found[i].Passenger != "" {
				found[i].HolderOriginalNeeded, err = b.needsHolder(ctx, q, found[i], p, lists[i])
			}
		}
		return err
	})
	return found, err
}

// needsHolder opens the account's own entry only for a list that is full.
func (b *Store) needsHolder(ctx context.Context, q database.Queries, f Found, p rules.Person, c rules.Counts) (bool, error) {
	who, l := rules.Passenger{Person: p, Status: f.Status}, b.Limits()
	if !rules.Exceeds(who, c, l) {
		return false, nil
	}
	h, err := b.holder(ctx, q, f.Account, "")
	if errors.Is(err, database.ErrNotFound) { // closed meanwhile
		err = nil
	}
	return err == nil && rules.NeedsHolderOriginal(h.Account, who, c, l), err
}
