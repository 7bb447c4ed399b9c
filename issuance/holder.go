package issuance

import (
	"context"
	"errors"
	"time"

	"github.com/railgate/railgate/issuance/refusal"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/tokens"
)

// Holder is someone who has shown an access token, and the application it
// opens. Only Authorize makes one.
type Holder struct {
	application store.Application
	credential  *store.Credential // nil before approval
}

// Application is the id of the application that the token opens.
func (h Holder) Application() string { return h.application.ID }

// Authorize finds the application that an access token opens, as it is now. A
// token that opens nothing is refused with one answer, whatever is wrong.
func (s *Service) Authorize(ctx context.Context, token string) (Holder, error) {
	if !wellFormed(token, accessPrefix, accessSize) {
		return Holder{}, refusal.New(Unauthorized, "")
	}
	a, c, err := s.Store.ApplicationByAccess(ctx, accessHash(token))
	if errors.Is(err, store.ErrNotFound) {
		return Holder{}, refusal.New(Unauthorized, "")
	}
	return Holder{a, c}, err
}

// Status is how an application stands.
type Status string

// The states of an application. There is no way back from approved but through
// a new application; revoked can be lifted by staff.
const (
	StatusSubmitted Status = "submitted" // waits for the real-person check
	StatusApproved  Status = "approved"  // the credential is in force
	StatusExpired   Status = "expired"   // its 24 hours are over
	StatusRevoked   Status = "revoked"
)

// Standing is an application's status and, once approved, its credential.
type Standing struct {
	Application string
	Status      Status
	Serial      *tokens.Serial // nil before approval
	ExpiresAt   int64          // Unix seconds; 0 before approval
}

// Standing tells the holder how the application stands.
func (s *Service) Standing(h Holder) Standing {
	return standing(h.application.ID, h.credential, s.Now())
}

func standing(application string, c *store.Credential, now time.Time) Standing {
	st := Standing{Application: application, Status: StatusSubmitted}
	if c == nil {
		return st
	}
	st.Serial, st.ExpiresAt, st.Status = &c.Serial, c.ExpiresMs/1000, StatusApproved
	switch {
	case now.UnixMilli() >= c.ExpiresMs:
		st.Status = StatusExpired
	case c.RevokedMs != 0:
		st.Status = StatusRevoked
	}
	return st
}

// inForce refuses a credential that is over or withdrawn; nil has not begun.
func inForce(c *store.Credential, now time.Time) error {
	switch standing("", c, now).Status {
	case StatusExpired:
		return refusal.New(CredentialExpired, "the 24 hours of this credential are over")
	case StatusRevoked:
		return refusal.New(CredentialRevoked, "this credential was withdrawn")
	}
	return nil
}
