package account

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/vault"
)

const table = "accounts"

// SealedColumns are the columns that are sealed, for the walk that moves them to a
// new field key.
func SealedColumns() []vault.Column {
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

// indexLogin is the purpose of the blind index. A changed one finds nobody any more.
const indexLogin = "accounts.login"

// seal closes a field for its place; nothing stays nothing.
func (s *Service) seal(column, account, plain string) []byte {
	if plain == "" {
		return nil
	}
	return s.Vault.Seal([]byte(plain), vault.Place{Table: table, Column: column, Row: account})
}

func (s *Service) open(column, account string, sealed []byte) (string, error) {
	if sealed == nil {
		return "", nil
	}
	plain, err := s.Vault.Open(sealed, vault.Place{Table: table, Column: column, Row: account})
	if err != nil {
		return "", fmt.Errorf("column %s of %s: %w", column, account, err)
	}
	return string(plain), nil
}

// index is the blind index of a value.
func (s *Service) index(purpose, value string) []byte {
	i := s.Vault.Index(purpose, value)
	return i[:]
}

// The encrypted values of a yes and a no. A row older than the question has null,
// which is a no.
const (
	sealedYes = "1"
	sealedNo  = "0"
)

func yesNo(b bool) string {
	if b {
		return sealedYes
	}
	return sealedNo
}

// Marks of a name, as they are stored.
const (
	markOverLong = 1
	markUncommon = 2
)

func marks(n identity.Name) (m int) {
	if n.OverLong {
		m |= markOverLong
	}
	if n.Uncommon {
		m |= markUncommon
	}
	return m
}

// Profile is what an account says of its holder. It is personal data.
type Profile struct {
	Account   string
	Login     string
	Identity  Identity
	Contact   Contact
	Version   int64 // an edit carries the one it saw
	CreatedAt int64 // Unix seconds
	// PhoneVerifiedMs is when a code has shown that the phone is the holder's, Unix
	// milliseconds; 0: none has.
	PhoneVerifiedMs int64
}

// profile reads and opens an account; database.ErrNotFound if there is none.
func (s *Service) profile(ctx context.Context, q database.Queries, account string) (p Profile, err error) {
	var login, name, number, nationality, phone, email, substituted []byte
	var nameMarks int
	err = q.QueryRowContext(ctx, `
		SELECT login, document_type, name, name_marks, number, nationality, phone, email, version, created_ms, phone_verified_ms, substituted
		FROM accounts WHERE id = $1`, account).
		Scan(&login, &p.Identity.Document, &name, &nameMarks, &number, &nationality, &phone, &email, &p.Version, &p.CreatedAt, &p.PhoneVerifiedMs, &substituted)
	if err == sql.ErrNoRows {
		return Profile{}, database.ErrNotFound
	}
	if err != nil {
		return Profile{}, err
	}
	p.Account, p.CreatedAt = account, p.CreatedAt/1000
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
		if *f.to, err = s.open(f.column, account, f.sealed); err != nil {
			return Profile{}, err
		}
	}
	p.Identity.Name = identity.StoredName(text, nameMarks&markOverLong != 0, nameMarks&markUncommon != 0, p.Identity.Document)
	p.Identity.Substituted = yes == sealedYes
	return p, nil
}

// credential is what a password is compared with.
type credential struct {
	account string // empty: there is none
	hash    string
	no      int // a changed password has another number, a new hash of the same has not
}

// credential finds it by a column that is unique; none is no error.
func (s *Service) credential(ctx context.Context, q database.Queries, column string, value any) (c credential, err error) {
	var sealed []byte
	err = q.QueryRowContext(ctx, `SELECT id, password, password_no FROM accounts WHERE `+column+` = $1`, value).Scan(&c.account, &sealed, &c.no)
	if err == sql.ErrNoRows {
		return credential{}, nil
	}
	if err != nil {
		return credential{}, err
	}
	c.hash, err = s.open(columnPassword, c.account, sealed)
	return c, err
}

// lock makes all that changes an account, or its logins, take turns until tx ends.
// It is taken before any other row's lock. There is no account: LoginRequired.
func (s *Service) lock(ctx context.Context, tx *sql.Tx, account string) (passwordNo int, err error) {
	err = tx.QueryRowContext(ctx, `SELECT password_no FROM accounts WHERE id = $1`+s.Database.ForUpdate, account).Scan(&passwordNo)
	if err == sql.ErrNoRows {
		return 0, errLoginRequired
	}
	return passwordNo, err
}
