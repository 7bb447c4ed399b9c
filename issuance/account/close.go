package account

import (
	"context"
	"database/sql"

	"github.com/railgate/railgate/issuance/throttle"
)

// Close ends the account at its holder's wish: with the password, since there is
// no way back. All that this package holds about it is deleted at once, its logins
// and what is bound to them end, and the login name is free again. The registry
// may refuse, and keeps what it must (Hooks.Closing).
func (s *Service) Close(ctx context.Context, h Holder, password string, from throttle.Caller) error {
	p, err := s.prove(ctx, h, password, from)
	if err != nil {
		return err
	}
	return s.Database.Change(ctx, "close account", func(ctx context.Context, tx *sql.Tx) error {
		if err := s.stands(ctx, tx, h, p); err != nil {
			return err
		}
		if _, err := s.end(ctx, tx, "account = $2", h.account); err != nil {
			return err
		}
		if err := s.Hooks.Closing(ctx, tx, h.account); err != nil {
			return err
		}
		for _, rows := range []string{
			`DELETE FROM account_codes WHERE account = $1`,
			`DELETE FROM logins WHERE account = $1`,
			`DELETE FROM phone_codes WHERE account = $1`,
			`DELETE FROM consents WHERE account = $1`,
			`DELETE FROM accounts WHERE id = $1`,
		} {
			if _, err := tx.ExecContext(ctx, rows, h.account); err != nil {
				return err
			}
		}
		return nil
	})
}
