package issuance

import (
	"context"
	"database/sql"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
)

// identify has a person checked online (rule G39).
func (b *Issuer) identify(ctx context.Context, p identity.Person, evidence string, from throttle.Caller) (registry.Identified, error) {
	label, guard, err := b.Credentials.Identify(ctx, provider.Person{Name: p.Name.Text, Document: p.Document, Number: p.Number}, evidence, from)
	return registry.Identified{Provider: label, Guard: guard}, err
}

// hooks are what happens to an account elsewhere, in its own transaction.
func (b *Issuer) hooks() account.Hooks {
	return account.Hooks{
		Registered:     b.Registry.Registered,
		IdentityEdited: b.Registry.IdentityEdited,
		Closing: func(ctx context.Context, tx *sql.Tx, id string) error {
			if err := b.Registry.Closing(ctx, tx, id); err != nil {
				return err
			}
			return b.Credentials.Store.Detach(ctx, tx, id, database.MillisAt(b.now()))
		},
		LoginsEnded: func(ctx context.Context, tx *sql.Tx, logins []string) error {
			return b.Credentials.Store.CloseLogins(ctx, tx, logins, database.MillisAt(b.now()))
		},
		Recovered: func(ctx context.Context, tx *sql.Tx, id, request string) error {
			return b.Trail.Append(ctx, tx, audit.Entry{
				AtMs: b.now().UnixMilli(), Who: itself, Role: staff.Program, Action: staff.ResetPassword,
				Object: audit.Object{Kind: audit.Account, ID: id}, Detail: "by a code to the verified phone; all logins ended", Request: request,
			})
		},
	}
}
