package registry

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
)

// MaxAwaiting bounds one call of Awaiting.
const MaxAwaiting = 100

// Awaiting lists pre-verified entries, which wait for the national authority, at
// most MaxAwaiting: the next ones after what a call before gave back, from the
// beginning with "". An empty list is the end. It tells nothing personal.
func (b *Store) Awaiting(ctx context.Context, a Principal, after string) (waiting []Ref, next string, err error) {
	if err := a.By.May(staff.SettleForeign); err != nil {
		return nil, "", err
	}
	if after != "" && !idForm(after) {
		return nil, "", errEntryNotFound
	}
	next = after
	err = b.Database.View(ctx, "find entries for the authority", func(ctx context.Context, q database.Queries) error {
		return database.Each(ctx, q, func(rows *sql.Rows) error {
			var r Ref
			err := rows.Scan(&next, &r.Account)
			if r.Account == "" {
				r.Account = next
			} else {
				r.Passenger = next
			}
			waiting = append(waiting, r)
			return err
		}, `SELECT id, account FROM passengers WHERE status = 4 AND id > $1
			UNION ALL SELECT id, '' FROM holders WHERE status = 4 AND id > $1
			ORDER BY 1 LIMIT $2`, after, MaxAwaiting)
	})
	return waiting, next, err
}

// ViewForAuthority shows the authority a pre-verified entry, as ViewEntry does a counter.
func (b *Store) ViewForAuthority(ctx context.Context, a Principal, r Ref) (EntryView, error) {
	if err := a.By.May(staff.SettleForeign); err != nil {
		return EntryView{}, err
	}
	return b.look(ctx, a, rules.Authority, r)
}

// AuthorityResult is what the national authority found.
type AuthorityResult struct {
	Principal
	Entry   Ref
	Version int64 // of the entry that was looked at
	Matches bool
}

// SettleForeign settles a pre-verified entry: verified or failed.
func (b *Store) SettleForeign(ctx context.Context, r AuthorityResult) (next rules.Status, err error) {
	if err := r.By.May(staff.SettleForeign); err != nil {
		return 0, err
	}
	err = b.Database.Change(ctx, "decide", func(ctx context.Context, tx *sql.Tx) error {
		_, e, err := b.entry(ctx, tx, r.Entry, b.Database.ForUpdate)
		if err != nil {
			return err
		}
		if e.version != r.Version {
			return errEntryChanged
		}
		if next, err = rules.SettleForeign(e.Passenger, r.Matches); err != nil {
			return err
		}
		if err := setStatus(ctx, tx, r.Entry, next); err != nil {
			return err
		}
		return b.trail(ctx, tx, r.Principal, staff.SettleForeign, r.Entry, fmt.Sprintf("%v becomes %v", e.Status, next))
	})
	if err != nil {
		return 0, err
	}
	return next, nil
}
