package account

import (
	"context"
	"errors"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/opaque"
	"github.com/railgate/railgate/issuance/refusal"
)

var errNotFound = refusal.New(AccountNotFound, "no account is found by this")

// ProfileForStaff opens an account's profile in somebody's transaction or view:
// at a window the document is compared with it (rule B1). Whoever asks must have
// shown that they may.
func (s *Service) ProfileForStaff(ctx context.Context, q database.Queries, account string) (Profile, error) {
	if !opaque.WellFormed(account, accountPrefix, opaque.IDSize) {
		return Profile{}, errNotFound
	}
	p, err := s.profile(ctx, q, account)
	if errors.Is(err, database.ErrNotFound) {
		err = errNotFound
	}
	return p, err
}
