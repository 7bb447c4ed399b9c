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

// EncryptedColumns are the columns that are sealed, for the walk that moves them to a
// new field key.
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

// seal closes a field for its place; nothing stays nothing.
func seal(v *vault.Vault, column, account, plain string) []byte {
	if plain == "" {
		return nil
	}
	return v.Encrypt([]byte(plain), vault.Place{Table: table, Column: column, Row: account})
}

func unseal(v *vault.Vault, column, account string, sealed []byte) (string, error) {
	if sealed == nil {
		return "", nil
	}
	plain, err := v.Decrypt(sealed, vault.Place{Table: table, Column: column, Row: account})
	if err != nil {
		return "", fmt.Errorf("column %s of %s: %w", column, account, err)
	}
	return string(plain), nil
}

// The encrypted values of a yes and a no. A row older than the question has null,
// which is a no.
const (
	sealedYes = "1"
	sealedNo  = "0"
)

// Marks of a name, as they are stored.
const (
	markOverLong = 1
	markUncommon = 2
)

// Profile is what an account says of its holder. It is personal data.
type Profile struct {
	Account   string
	Login     string
	Identity  identity.Person
	Contact   Contact
	Version   int64 // an edit carries the one it saw
	CreatedAt database.Millis
	// PhoneVerifiedAt is when a code has shown that the phone is the holder's; 0: none has.
	PhoneVerifiedAt database.Millis
}

// PhoneVerified reports whether a code has shown that the phone is the holder's.
func (p Profile) PhoneVerified() bool { return p.PhoneVerifiedAt != 0 }

// editable are the columns of a profile that its holder edits, as they are stored.
const editable = `document_type, name, name_marks, number, nationality, phone, email, substituted`

func (p Profile) editable(v *vault.Vault) []any {
	who, marks, substituted := p.Identity, 0, sealedNo
	if who.Name.OverLong {
		marks |= markOverLong
	}
	if who.Name.Uncommon {
		marks |= markUncommon
	}
	if who.Substituted {
		substituted = sealedYes
	}
	sealed := func(column, plain string) []byte { return seal(v, column, p.Account, plain) }
	return []any{
		who.Document, sealed(columnName, who.Name.Text), marks, sealed(columnNumber, who.Number), sealed(columnNationality, string(who.Nationality)),
		sealed(columnPhone, p.Contact.Phone), sealed(columnEmail, p.Contact.Email), sealed(columnSubstituted, substituted),
	}
}

// readProfile reads and opens an account; database.ErrNotFound if there is none.
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
		column string
		sealed []byte
		to     *string
	}{
		{columnLogin, login, &p.Login}, {columnName, name, &text}, {columnNumber, number, &p.Identity.Number},
		{columnNationality, nationality, (*string)(&p.Identity.Nationality)}, {columnPhone, phone, &p.Contact.Phone}, {columnEmail, email, &p.Contact.Email},
		{columnSubstituted, substituted, &yes},
	} {
		if *f.to, err = unseal(v, f.column, account, f.sealed); err != nil {
			return Profile{}, err
		}
	}
	p.Identity.Name = identity.StoredName(text, marks&markOverLong != 0, marks&markUncommon != 0, p.Identity.Document)
	p.Identity.Substituted = yes == sealedYes
	return p, nil
}

// update writes a profile that was edited.
func (p Profile) update(ctx context.Context, tx *sql.Tx, v *vault.Vault) error {
	_, err := tx.ExecContext(ctx, `UPDATE accounts SET (`+editable+`, version, phone_verified_ms) = ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) WHERE id = $11`,
		append(p.editable(v), p.Version, p.PhoneVerifiedAt, p.Account)...)
	return err
}

// lock makes all that changes an account, or its logins, take turns until tx ends.
// It is taken before any other row's lock. There is no account: LoginRequired.
func lock(ctx context.Context, tx *sql.Tx, db *database.DB, account string) (passwordNo int, err error) {
	err = tx.QueryRowContext(ctx, `SELECT password_no FROM accounts WHERE id = $1`+db.ForUpdate, account).Scan(&passwordNo)
	if err == sql.ErrNoRows {
		return 0, errLoginRequired
	}
	return passwordNo, err
}

// view reads for a holder. An account that was closed since the holder was
// authorized is LoginRequired.
func view[T any](ctx context.Context, s *Service, what string, f func(ctx context.Context, q database.Queries) (T, error)) (T, error) {
	out, err := database.Read(ctx, s.Database, what, f)
	if errors.Is(err, database.ErrNotFound) {
		err = errLoginRequired
	}
	return out, err
}

// Profile reads the holder's profile.
func (s *Service) Profile(ctx context.Context, h Holder) (Profile, error) {
	return view(ctx, s, "read profile", func(ctx context.Context, q database.Queries) (Profile, error) {
		return readProfile(ctx, q, s.Vault, h.account)
	})
}

var errNotFound = problem.New(AccountNotFound, "no account is found by this")

// ProfileOf opens an account's profile in somebody's transaction or view: at a window
// the document is compared with it (rule B1). The caller must have shown that they may.
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

// LockIdentity locks an account in a member's transaction, before any other row
// of it, and returns what writes a new identity into the profile. It asks no hook:
// the registry, which calls it, has decided. Refused with AccountNotFound.
func LockIdentity(ctx context.Context, tx *sql.Tx, db *database.DB, v *vault.Vault, account string) (write func(identity.Person) error, err error) {
	if !ids.WellFormed(account, accountPrefix, ids.IDSize) {
		return nil, errNotFound
	}
	if _, err := lock(ctx, tx, db, account); err != nil {
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

// Edit is a whole new profile; the login name stays for ever.
type Edit struct {
	Version  int64 // of the profile that was edited
	Identity identity.Entry
	Contact  Contact
}

var errConflict = problem.New(ProfileConflict, "version is not that of the profile; nothing was changed")

// Edit replaces the holder's profile and returns it with its new version. An edit
// of a version that is no longer the present one is refused with ProfileConflict:
// its author has not seen what it would overwrite. Whether the identity may be
// edited is the registry's to say (Hooks.IdentityEdited). An edit that changes
// nothing keeps the version.
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
			p.PhoneVerifiedAt = 0 // a code has shown the phone before it
			if err := dropCodes(ctx, tx, h.account); err != nil {
				return p, err
			}
		}
		p.Identity, p.Contact = who, contact
		p.Version++
		return p, p.update(ctx, tx, s.Vault)
	})
}
