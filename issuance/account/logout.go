package account

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/railgate/railgate/issuance/database"
)

// LogOut ends the holder's login and, in the same transaction, what is bound to
// it (rule A12). A login that has ended meanwhile is no error.
func (s *Service) LogOut(ctx context.Context, h Holder) error {
	return s.logOut(ctx, h, "account = $2 AND id = $3", h.account, h.login)
}

// LogOutEverywhere ends every login of the holder's account.
func (s *Service) LogOutEverywhere(ctx context.Context, h Holder) error {
	return s.logOut(ctx, h, "account = $2", h.account)
}

func (s *Service) logOut(ctx context.Context, h Holder, which string, args ...any) error {
	return s.Database.Change(ctx, "log out", func(ctx context.Context, tx *sql.Tx) error {
		if _, err := s.lock(ctx, tx, h.account); err != nil {
			return err
		}
		_, err := s.end(ctx, tx, which, args...)
		return err
	})
}

// end ends logins and tells the hook. which is a condition whose parameters begin
// at $2. Their accounts must be locked.
func (s *Service) end(ctx context.Context, tx *sql.Tx, which string, args ...any) (ended int, err error) {
	var ids []string
	err = database.Each(ctx, tx, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, `UPDATE logins SET ended_ms = $1 WHERE ended_ms IS NULL AND `+which+` RETURNING id`,
		append([]any{s.Now().UnixMilli()}, args...)...)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	for some := range slices.Chunk(ids, MaxEndedAtOnce) {
		if err := s.Hooks.LoginsEnded(ctx, tx, some); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}

// MaxEndedAtOnce bounds the ids that one call of Hooks.LoginsEnded is given: few
// enough for the parameters of one statement.
const MaxEndedAtOnce = 500

// places are n parameters of a statement, from the one with the given number.
func places(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	return b.String()
}

func anys(texts []string) []any {
	all := make([]any, len(texts))
	for i, t := range texts {
		all[i] = t
	}
	return all
}
