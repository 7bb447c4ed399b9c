package credential

import (
	"context"
	"crypto/sha256"
	"errors"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/store"
)

// Visitor is someone who asks: by the access token of one application, or by a
// login that opens every application of its account.
type Visitor struct {
	access [sha256.Size]byte
	login  *account.Holder
}

// ByAccess takes an access token. Whether it opens anything is not asked yet.
func ByAccess(token string) (Visitor, error) {
	if !ids.WellFormed(token, accessPrefix, ids.SecretSize) {
		return Visitor{}, errUnauthorized
	}
	return Visitor{access: ids.Hash(token)}, nil
}

// ByLogin takes the holder of an account.
func ByLogin(h account.Holder) Visitor { return Visitor{login: &h} }

// errUnauthorized is one answer, whatever is wrong: what belongs to somebody
// else looks like what does not exist.
var errUnauthorized = problem.New(Unauthorized, "")

// opens reports whether the visitor may see an application.
func (v Visitor) opens(a *store.Application) bool {
	if v.login != nil {
		return a.Account != "" && a.Account == v.login.Account()
	}
	return a.Access == v.access
}

// opened reports whether it was this visitor who opened a session: another
// login of the same account did not (rule A12).
func (v Visitor) opened(o *store.Session) bool {
	if v.login != nil {
		return o.Login == v.login.Login()
	}
	return o.Login == ""
}

// Holder is a visitor and an application that is theirs. Only Authorize makes one.
type Holder struct {
	visitor     Visitor
	application store.Application
	credential  *store.Credential // nil before approval
}

// Application is the id of the application.
func (h Holder) Application() string { return h.application.ID }

// Authorize finds an application of the visitor's, as it is now.
func (s *Service) Authorize(ctx context.Context, v Visitor, application string) (Holder, error) {
	if !ids.WellFormed(application, applicationPrefix, ids.IDSize) {
		return Holder{}, errUnauthorized
	}
	a, c, err := s.Store.Application(ctx, application)
	if errors.Is(err, database.ErrNotFound) || err == nil && !v.opens(&a) {
		return Holder{}, errUnauthorized
	}
	return Holder{v, a, c}, err
}

// Standings lists what an account applied for in the last month, the newest
// first (rule A13).
func (s *Service) Standings(ctx context.Context, h account.Holder) ([]Standing, error) {
	now := s.Now()
	rows, err := s.Store.ApplicationsOfAccount(ctx, h.Account(), now.Add(-RecordLife).UnixMilli())
	if err != nil {
		return nil, err
	}
	all := make([]Standing, len(rows))
	for i, r := range rows {
		all[i] = standing(&r.Application, r.Credential, now)
	}
	return all, nil
}
