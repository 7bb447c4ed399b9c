package account

import (
	"context"
	"database/sql"
	"errors"
	"strconv"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/refusal"
)

// MaxFound bounds the accounts that one contact finds. Ours: contacts are not
// checked, so one may stand in many accounts.
const MaxFound = 20

var errNotFound = refusal.New(AccountNotFound, "no account is found by this")

// FindByLoginForStaff finds an account by its login name. Passengers must not
// reach it: it tells who has an account.
func (s *Service) FindByLoginForStaff(ctx context.Context, login string) (account string, err error) {
	login, ok := normalLogin(login)
	if !ok {
		return "", errNotFound
	}
	found, err := s.find(ctx, "login_index", s.index(indexLogin, login))
	if err != nil {
		return "", err
	}
	return found[0], nil
}

// FindByContactForStaff finds at most MaxFound accounts, the oldest first, by a
// phone number or an e-mail address; by both if both are given. Passengers must
// not reach it.
func (s *Service) FindByContactForStaff(ctx context.Context, c Contact) (accounts []string, err error) {
	if c, err = c.read(); err != nil {
		return nil, err
	}
	phone, email := s.index(indexPhone, c.Phone), s.index(indexEmail, c.Email)
	switch {
	case email == nil:
		return s.find(ctx, "phone_index", phone)
	case phone == nil:
		return s.find(ctx, "email_index", email)
	}
	return s.find(ctx, "email_index", email, phone)
}

func (s *Service) find(ctx context.Context, column string, args ...any) (accounts []string, err error) {
	and := ""
	if len(args) == 2 {
		and = " AND phone_index = $2"
	}
	err = s.Database.View(ctx, "find accounts", func(ctx context.Context, q database.Queries) error {
		return database.Each(ctx, q, func(rows *sql.Rows) error {
			var id string
			err := rows.Scan(&id)
			accounts = append(accounts, id)
			return err
		}, `SELECT id FROM accounts WHERE `+column+` = $1`+and+` ORDER BY created_ms, id LIMIT `+strconv.Itoa(MaxFound), args...)
	})
	if err == nil && len(accounts) == 0 {
		err = errNotFound
	}
	return accounts, err
}

// ProfileForStaff opens an account's profile in somebody's transaction or view:
// at a window the document is compared with it (rule B1). Whoever asks must have
// shown that they may.
func (s *Service) ProfileForStaff(ctx context.Context, q database.Queries, account string) (Profile, error) {
	if !wellFormed(account, accountPrefix, idSize) {
		return Profile{}, errNotFound
	}
	p, err := s.profile(ctx, q, account)
	if errors.Is(err, database.ErrNotFound) {
		err = errNotFound
	}
	return p, err
}
