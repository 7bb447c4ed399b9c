package backend

import (
	"context"
	"database/sql"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/store"
)

// hooks are what happens to an account elsewhere, in its own transaction.
func (b *Backend) hooks() account.Hooks {
	return account.Hooks{
		Registered: func(context.Context, *sql.Tx, string, account.Identity) error { return nil },
		IdentityEdited: func(context.Context, *sql.Tx, string, account.Identity, account.Identity) error {
			return nil
		},
		Closing: func(ctx context.Context, tx *sql.Tx, id string) error {
			return store.Detach(ctx, tx, id, b.now().UnixMilli())
		},
		LoginsEnded: func(ctx context.Context, tx *sql.Tx, logins []string) error {
			return store.CloseLogins(ctx, tx, logins, b.now().UnixMilli())
		},
	}
}
