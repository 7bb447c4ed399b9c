package credential

import (
	"time"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/tokens"
)

// Status is how an application stands.
type Status string

// The states of an application:
//
//	submitted ─► checked ─► approved ─► expired | superseded | revoked
//	    └───────────┴─────► refused | expired
//
// There is no way back but from revoked, which staff can lift.
const (
	StatusSubmitted  Status = "submitted"  // waits for the real-person check
	StatusChecked    Status = "checked"    // the person was checked; the resident registry did not answer yet
	StatusApproved   Status = "approved"   // the credential is in force
	StatusRefused    Status = "refused"    // by a rule; nothing was used up
	StatusExpired    Status = "expired"    // the 24 hours of the credential, or of the undecided application, are over
	StatusSuperseded Status = "superseded" // a newer application of the person took its place (rule A9)
	StatusRevoked    Status = "revoked"
)

// Statuses lists them.
func Statuses() []Status {
	return []Status{StatusSubmitted, StatusChecked, StatusApproved, StatusRefused, StatusExpired, StatusSuperseded, StatusRevoked}
}

// Standing is an application's status and, once approved, its credential. Times
// are Unix seconds.
type Standing struct {
	Application string
	Status      Status
	SubmittedAt int64
	RefusedFor  problem.Code   // of a refused one
	Serial      *tokens.Serial // nil before approval
	ApprovedAt  int64          // 0 before approval
	ExpiresAt   int64          // of the credential; 0 before approval
	RenewableAt int64          // from when the next application may be approved (A9); 0 before approval
}

// Standing tells the holder how the application stands.
func (s *Service) Standing(h Holder) Standing {
	return standing(&h.application, h.credential, s.Now())
}

func standing(a *store.Application, c *store.Credential, now time.Time) Standing {
	st := Standing{Application: a.ID, SubmittedAt: a.CreatedMs / 1000}
	if c == nil {
		st.Status, st.RefusedFor = undecided(a, now), a.RefusedFor
		return st
	}
	st.Serial, st.ApprovedAt, st.ExpiresAt = &c.Serial, c.ApprovedMs/1000, c.ExpiresMs/1000
	st.RenewableAt = (c.ExpiresMs - Renewal.Milliseconds()) / 1000
	switch {
	case c.Superseded:
		st.Status = StatusSuperseded
	case now.UnixMilli() >= c.ExpiresMs:
		st.Status = StatusExpired
	case c.RevokedMs != 0:
		st.Status = StatusRevoked
	default:
		st.Status = StatusApproved
	}
	return st
}

func undecided(a *store.Application, now time.Time) Status {
	switch {
	case a.State == store.Refused:
		return StatusRefused
	case now.UnixMilli() >= a.CreatedMs+ApplicationLife.Milliseconds():
		return StatusExpired
	case a.State == store.Checked:
		return StatusChecked
	}
	return StatusSubmitted
}

// open refuses an application that nothing can be done with any more.
func open(a *store.Application, c *store.Credential, now time.Time) error {
	switch standing(a, c, now).Status {
	case StatusRefused:
		return problem.New(ApplicationRefused, "this application was refused for "+string(a.RefusedFor))
	case StatusSuperseded:
		return problem.New(CredentialSuperseded, "a newer application took the place of this one")
	case StatusExpired:
		if c == nil {
			return problem.New(ApplicationExpired, "an application waits 24 hours for its real-person check")
		}
		return problem.New(CredentialExpired, "the 24 hours of this credential are over")
	case StatusRevoked:
		return problem.New(CredentialRevoked, "this credential was withdrawn")
	}
	return nil
}
