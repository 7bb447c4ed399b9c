package store

import (
	"context"
	"database/sql"

	"github.com/railgate/railgate/issuance/database"
)

// Listed is a line of an account's list.
type Listed struct {
	Application Application
	Credential  *Credential // nil before approval
}

// MaxListed bounds a list: a person who is refused again and again has more
// lines than anyone reads.
const MaxListed = 200

// ApplicationsOfAccount lists what an account applied for since sinceMs, the
// newest first, at most MaxListed.
func (s *Store) ApplicationsOfAccount(ctx context.Context, account string, sinceMs int64) (all []Listed, err error) {
	err = s.db.View(ctx, "list applications", func(ctx context.Context, q database.Queries) error {
		return database.Each(ctx, q, func(rows *sql.Rows) error {
			a, c, err := scanApplication(rows)
			all = append(all, Listed{a, c})
			return err
		}, selectApplications+`a.account = $1 AND a.created_ms >= $2 ORDER BY a.created_ms DESC, a.id LIMIT $3`, account, sinceMs, MaxListed)
	})
	return all, err
}
