package registry

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/vault"
)

// EncryptedColumns are the encrypted columns, for re-encryption with a new field key.
func EncryptedColumns() []vault.Column {
	return slices.Concat(vault.Columns(tableHolders, "id", columnPerson), vault.Columns(tablePassengers, "id", columnPerson), vault.Columns(tableTickets, "id", columnItinerary))
}

const (
	tableHolders    = "holders"
	tablePassengers = "passengers"
	tableTickets    = "tickets"
	columnPerson    = "person"
	columnItinerary = "itinerary"
)

// Purposes of keyed hashes. Changing one makes its rows unfindable. They differ, so that a copy of
// the database does not reveal which holder is on which list.
const (
	indexHolder    = "identities.person"
	indexPassenger = "passengers.document"
	indexTicket    = "tickets.reference"
	indexProof     = "registry.proof"
	indexOrder     = "registry.order"
	indexMismatch  = "registry.mismatch"
)

// documentHash is the keyed hash of a person's document.
func (s *Store) documentHash(purpose string, p identity.Person) []byte {
	h := s.Vault.Index(purpose, documentText(p.Document, p.Identifier()))
	return h[:]
}

func documentText(document identity.DocumentType, identifier string) string {
	return strconv.Itoa(int(document)) + ":" + identifier
}

// storedPerson is the JSON form of a person in the encrypted field.
type storedPerson struct {
	Document    identity.DocumentType `json:"document"`
	Name        string                `json:"name"`
	OverLong    bool                  `json:"over_long,omitempty"`
	Uncommon    bool                  `json:"uncommon,omitempty"`
	Substituted bool                  `json:"substituted,omitempty"`
	Number      string                `json:"number"`
	Nationality identity.Nationality  `json:"nationality,omitempty"`
}

func (s *Store) encryptPerson(table, id string, p identity.Person) []byte {
	plain := marshalJSON(storedPerson{p.Document, p.Name.Text, p.Name.OverLong, p.Name.Uncommon, p.Substituted, p.Number, p.Nationality})
	return s.Vault.Encrypt(plain, vault.Place{Table: table, Column: columnPerson, Row: id})
}

func marshalJSON(v any) []byte {
	plain, err := json.Marshal(v)
	if err != nil {
		panic("BUG: registry: field cannot be marshalled") // strings, numbers and booleans always can
	}
	return plain
}

// decryptJSON decrypts a field into v. valid reports whether v has the expected content; if not,
// the error is wrong, which unlike a decoder's error contains nothing of the content.
func (s *Store) decryptJSON(at vault.Place, encrypted []byte, v any, valid func() bool, wrong error) error {
	plain, err := s.Vault.Decrypt(encrypted, at)
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(plain))
		d.DisallowUnknownFields()
		if d.Decode(v) != nil || !valid() {
			err = wrong
		}
	}
	if err != nil {
		return fmt.Errorf("column %s of %s %s: %w", at.Column, at.Table, at.Row, err)
	}
	return nil
}

var errPersonField = errors.New("the decrypted field is not a person")

func (s *Store) decryptPerson(table, id string, encrypted []byte) (identity.Person, error) {
	var p storedPerson
	err := s.decryptJSON(vault.Place{Table: table, Column: columnPerson, Row: id}, encrypted, &p, func() bool { return p.Document.Known() }, errPersonField)
	if err != nil {
		return identity.Person{}, err
	}
	return identity.Person{
		Name:        identity.StoredName(p.Name, p.OverLong, p.Uncommon, p.Document),
		Substituted: p.Substituted, Document: p.Document, Number: p.Number, Nationality: p.Nationality,
	}, nil
}

// holder is an account's row.
type holder struct {
	rules.Account
	id      string
	lost    []byte
	version int64
}

// readHolder reads and decrypts a holder. A missing row is [database.ErrNotFound]. lock is
// ForUpdate of the database in a transaction that changes the account's data, otherwise empty.
func (s *Store) readHolder(ctx context.Context, q database.Queries, account, lock string) (h holder, err error) {
	h.id = account
	var person []byte
	err = q.QueryRowContext(ctx, `SELECT person, status, tickets, own_tickets, lost, version FROM holders WHERE id = $1`+lock, account).
		Scan(&person, &h.Status, &h.Tickets, &h.OwnTickets, &h.lost, &h.version)
	if err == sql.ErrNoRows {
		return holder{}, database.ErrNotFound
	}
	if err == nil {
		h.Person, err = s.decryptPerson(tableHolders, account, person)
	}
	return h, err
}

// Line is a passenger on a list. It is personal data.
type Line struct {
	ID string
	rules.Passenger
	Version int64 // an edit names the version that it is based on
	// HolderOriginal means that the list is full and a counter also needs the account holder's
	// original to verify the passenger (G04).
	HolderOriginal bool
	// Policy is the version of the privacy policy that the holder agreed to for the passenger, at
	// AgreedAt (rule B12).
	Policy   string
	AgreedAt time.Time
}

// readLines reads and decrypts the passengers that condition selects.
func (s *Store) readLines(ctx context.Context, q database.Queries, condition string, args ...any) ([]Line, error) {
	return database.All(ctx, q, func(rows *sql.Rows, l *Line) error {
		var person []byte
		var added, agreed database.Millis
		err := rows.Scan(&l.ID, &person, &l.Status, &added, &l.Tickets, &l.Policy, &agreed, &l.Version)
		if err == nil {
			l.AddedAt, l.AgreedAt = added.Time(), agreed.Time()
			l.Person, err = s.decryptPerson(tablePassengers, l.ID, person)
		}
		return err
	}, `SELECT id, person, status, added_ms, tickets, policy, agreed_ms, version FROM passengers WHERE `+condition+` ORDER BY added_ms, id`, args...)
}

// readLine reads one passenger of an account. A missing one is [EntryNotFound].
func (s *Store) readLine(ctx context.Context, q database.Queries, account, id string) (Line, error) {
	if !isID(id) {
		return Line{}, errEntryNotFound
	}
	found, err := s.readLines(ctx, q, `account = $1 AND id = $2`, account, id)
	if err == nil && len(found) == 0 {
		err = errEntryNotFound
	}
	if err != nil {
		return Line{}, err
	}
	return found[0], nil
}

// entry is a passenger on a list, or the holder.
type entry struct {
	Ref
	rules.Passenger
	version int64
}

// readEntry reads an entry and its account's holder. A missing one is [EntryNotFound].
func (s *Store) readEntry(ctx context.Context, q database.Queries, r Ref, lock string) (h holder, e entry, err error) {
	if !isID(r.Account) {
		return holder{}, entry{}, errEntryNotFound
	}
	h, err = s.readHolder(ctx, q, r.Account, lock)
	if errors.Is(err, database.ErrNotFound) {
		err = errEntryNotFound
	}
	if err != nil {
		return holder{}, entry{}, err
	}
	if r.Passenger == "" {
		return h, entry{r, h.Self(), h.version}, nil
	}
	l, err := s.readLine(ctx, q, r.Account, r.Passenger)
	return h, entry{r, l.Passenger, l.Version}, err
}

// setStatus stores the status of an entry whose holder is locked.
func setStatus(ctx context.Context, tx *sql.Tx, r Ref, s rules.Status) error {
	table, id := tableHolders, r.Account
	if r.Passenger != "" {
		table, id = tablePassengers, r.Passenger
	}
	_, err := tx.ExecContext(ctx, `UPDATE `+table+` SET status = $2, version = version + 1 WHERE id = $1`, id, s)
	return err
}

func (s *Store) now() database.Millis { return database.MillisAt(s.Now()) }
