package audit

import (
	"context"
	"database/sql"

	"github.com/railgate/railgate/issuance/database"
)

// Note writes an entry that has no other change to stand beside, such as that
// something was read.
func Note(ctx context.Context, db *database.DB, e Entry) error {
	return db.Change(ctx, "write to the trail", func(ctx context.Context, tx *sql.Tx) error { return Append(ctx, tx, e) })
}
