package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/vault"
)

const table = "accounts"

// EncryptedColumns are the encrypted columns, for re-encryption with a new field key.
func EncryptedColumns() []vault.Column {
	return vault.Columns(table, "id", columnLogin, columnPassword, columnName, columnNumber, columnNationality, columnPhone, columnEmail, columnSubstituted)
}

const (
	columnLogin       = "login"
	columnPassword    = "password"
	columnName        = "name"
	columnNumber      = "number"
	columnNationality = "nationality"
	columnPhone       = "phone"
	columnEmail       = "email"
	columnSubstituted = "substituted"
)

// encrypt encrypts a field for its place in the table. The empty string is stored as null.
func encrypt(v *vault.Vault, column, account, plain string) []byte {
	if plain == "" {
		return nil
	}
	return v.Encrypt([]byte(plain), vault.Place{Table: table, Column: column, Row: account})
}

func decrypt(v *vault.Vault, column, account string, encrypted []byte) (string, error) {
	if encrypted == nil {
		return "", nil
	}
	plain, err := v.Decrypt(encrypted, vault.Place{Table: table, Column: column, Row: account})
	if err != nil {
		return "", fmt.Errorf("column %s of %s: %w", column, account, err)
	}
	return string(plain), nil
}

// The plaintexts of the column substituted. Rows older than the column have null, which means no.
const (
	substitutedYes = "1"
	substitutedNo  = "0"
)

// Marks of a name in the column name_marks.
const (
	markOverLong = 1
	markUncommon = 2
)

// Profile is an account's data about its holder. It is personal data.
type Profile struct {
	Account   string
	Login     string
	Identity  identity.Person
	Contact   Contact
	Version   int64 // an edit names the version that it is based on
	CreatedAt database.Millis
	// PhoneVerifiedAt is when a code proved that the phone is the holder's; 0: not verified.
	PhoneVerifiedAt database.Millis
}

// PhoneVerified reports whether a code proved that the phone is the holder's.
func (p Profile) PhoneVerified() bool { return p.PhoneVerifiedAt != 0 }

// editable lists the columns of a profile that its holder edits.
const editable = `document_type, name, name_marks, number, nationality, phone, email, substituted`

func (p Profile) editableValues(v *vault.Vault) []any {
	who, marks, substituted := p.Identity, 0, substitutedNo
	if who.Name.OverLong {
		marks |= markOverLong
	}
	if who.Name.Uncommon {
		marks |= markUncommon
	}
	if who.Substituted {
		substituted = substitutedYes
	}
	encrypted := func(column, plain string) []byte { return encrypt(v, column, p.Account, plain) }
	return []any{
		who.Document, encrypted(columnName, who.Name.Text), marks, encrypted(columnNumber, who.Number), encrypted(columnNationality, string(who.Nationality)),
		encrypted(columnPhone, p.Contact.Phone), encrypted(columnEmail, p.Contact.Email), encrypted(columnSubstituted, substituted),
	}
}

// readProfile reads and decrypts the profile of an account. A missing account is
// [database.ErrNotFound].
func readProfile(ctx context.Context, q database.Queries, v *vault.Vault, account string) (p Profile, err error) {
	p.Account = account
	var login, name, number, nationality, phone, email, substituted []byte
	var marks int
	err = q.QueryRowContext(ctx, `SELECT login, version, created_ms, phone_verified_ms, `+editable+` FROM accounts WHERE id = $1`, account).
		Scan(&login, &p.Version, &p.CreatedAt, &p.PhoneVerifiedAt, &p.Identity.Document, &name, &marks, &number, &nationality, &phone, &email, &substituted)
	if err == sql.ErrNoRows {
		return Profile{}, database.ErrNotFound
	}
	if err != nil {
		return Profile{}, err
	}
	var text, yes string
	for _, f := range []struct {
		column    string
		encrypted []byte
		to        *string
	}{
		{columnLogin, login, &p.Login}, {columnName, name, &text}, {columnNumber, number, &p.Identity.Number},
		{columnNationality, nationality, (*string)(&p.Identity.Nationality)}, {columnPhone, phone, &p.Contact.Phone}, {columnEmail, email, &p.Contact.Email},
		{columnSubstituted, substituted, &yes},
	} {
		if *f.to, err = decrypt(v, f.column, account, f.encrypted); err != nil {
			return Profile{}, err
		}
	}
	p.Identity.Name = identity.StoredName(text, marks&markOverLong != 0, marks&markUncommon != 0, p.Identity.Document)
	p.Identity.Substituted = yes == substitutedYes
	return p, nil
}

// update stores an edited profile.
func (p Profile) update(ctx context.Context, tx *sql.Tx, v *vault.Vault) error {
	_, err := tx.ExecContext(ctx, `UPDATE accounts SET (`+editable+`, version, phone_verified_ms) = ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) WHERE id = $11`,
		append(p.editableValues(v), p.Version, p.PhoneVerifiedAt, p.Account)...)
	return err
}

// lockAccount serializes all changes of an account and of its logins until tx ends. It is called
// before any other row is locked. A missing account is [LoginRequired].
func lockAccount(ctx context.Context, tx *sql.Tx, db *database.DB, account string) (passwordNo int, err error) {
	err = tx.QueryRowContext(ctx, `SELECT password_no FROM accounts WHERE id = $1`+db.ForUpdate, account).Scan(&passwordNo)
	if err == sql.ErrNoRows {
		return 0, errLoginRequired
	}
	return passwordNo, err
}

// viewAccount reads for a holder. An account that was closed after the authorization is
// [LoginRequired].
func viewAccount[T any](ctx context.Context, s *Service, what string, f func(ctx context.Context, q database.Queries) (T, error)) (T, error) {
	out, err := database.Read(ctx, s.Database, what, f)
	if errors.Is(err, database.ErrNotFound) {
		err = errLoginRequired
	}
	return out, err
}

// Profile reads the holder's profile.
func (s *Service) Profile(ctx context.Context, h Holder) (Profile, error) {
	return viewAccount(ctx, s, "read profile", func(ctx context.Context, q database.Queries) (Profile, error) {
		return readProfile(ctx, q, s.Vault, h.account)
	})
}

var errNotFound = problem.New(AccountNotFound, "no account has this login name, phone number or e-mail address")

// ProfileOf reads a profile in the caller's transaction or view. A window compares it with the
// document (rule B1). The caller must have authorized the access.
func ProfileOf(ctx context.Context, q database.Queries, v *vault.Vault, account string) (Profile, error) {
	if !ids.WellFormed(account, accountPrefix, ids.IDSize) {
		return Profile{}, errNotFound
	}
	p, err := readProfile(ctx, q, v, account)
	if errors.Is(err, database.ErrNotFound) {
		err = errNotFound
	}
	return p, err
}

// LockIdentity locks an account in the transaction of a staff member, before any other row, and
// returns a function that stores a new identity in the profile. It calls no hook: the caller is the
// registry, which has decided. It fails with [AccountNotFound].
func LockIdentity(ctx context.Context, tx *sql.Tx, db *database.DB, v *vault.Vault, account string) (write func(identity.Person) error, err error) {
	if !ids.WellFormed(account, accountPrefix, ids.IDSize) {
		return nil, errNotFound
	}
	if _, err := lockAccount(ctx, tx, db, account); err != nil {
		return nil, err
	}
	p, err := readProfile(ctx, tx, v, account)
	if err != nil {
		return nil, err
	}
	return func(who identity.Person) error {
		p.Identity = who
		p.Version++
		return p.update(ctx, tx, v)
	}, nil
}

// Edit is a complete new profile. The login name cannot be edited.
type Edit struct {
	Version  int64 // of the profile that the edit is based on
	Identity identity.Entry
	Contact  Contact
}

var errConflict = problem.New(ProfileConflict, "version is not the current version of the profile; nothing was changed: read the profile and edit it again")

// Edit replaces the holder's profile and returns it with its new version. An edit based on an older
// version fails with [ProfileConflict], since its author has not seen the data it would overwrite.
// The registry decides whether the identity may be edited ([Hooks.IdentityEdited]). An edit that
// changes nothing keeps the version.
func (s *Service) Edit(ctx context.Context, h Holder, e Edit) (Profile, error) {
	who, contact, err := readEntry(e.Identity, e.Contact, s.Now())
	if err != nil {
		return Profile{}, err
	}
	return database.Update(ctx, s.Database, "edit profile", func(ctx context.Context, tx *sql.Tx) (p Profile, err error) {
		if err := s.LockLogin(ctx, tx, h); err != nil {
			return p, err
		}
		if p, err = readProfile(ctx, tx, s.Vault, h.account); err != nil {
			return p, err
		}
		if p.Version != e.Version {
			return p, errConflict
		}
		before := p.Identity
		who.Name = before.Name.Edited(who.Name)
		unchanged := who == before && contact == p.Contact
		if who != before || unchanged {
			if err := s.Hooks.IdentityEdited(ctx, tx, h.account, before, who); err != nil {
				return p, err
			}
		}
		if unchanged {
			return p, nil
		}
		if contact.Phone != p.Contact.Phone {
			p.PhoneVerifiedAt = 0 // the code proved the previous phone
			if err := deleteCodes(ctx, tx, h.account); err != nil {
				return p, err
			}
		}
		p.Identity, p.Contact = who, contact
		p.Version++
		return p, p.update(ctx, tx, s.Vault)
	})
}
