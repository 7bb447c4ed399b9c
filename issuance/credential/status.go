package credential

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/tokens"
)

// The numbers of the rules on temporary IDs. Each is defined here only.
const (
	// ApplicationsPerMonth is rule A7: approvals of one person in a calendar month,
	// Beijing time.
	ApplicationsPerMonth = 3
	// Renewal is rule A9: how long before its end a credential may be renewed.
	Renewal = 3 * time.Hour
	// CheckLife is how long a passed check may wait for its session. Our choice: long
	// enough for a slow network, too short to hand the phone to another person.
	CheckLife = 2 * time.Minute
	// ApplicationLife is how long an application waits for its decision. Our choice: a
	// form that is a day old was for another journey.
	ApplicationLife = 24 * time.Hour
	// UncheckedLife is how long an application without a face check is stored: it has been
	// expired for a day, and any caller can make any number of them. Our choice.
	UncheckedLife = 48 * time.Hour
	// RecordLife is rule A13's "last month": an application is listed that long and then
	// erased. Our choice: 31 days from its submission.
	RecordLife = 31 * 24 * time.Hour
)

// month is the calendar month of a quota: year * 100 + month, Beijing time.
func month(t time.Time) int {
	b := t.In(identity.Beijing)
	return b.Year()*100 + int(b.Month())
}

// nextMonth is when the next calendar month begins.
func nextMonth(t time.Time) time.Time {
	b := t.In(identity.Beijing)
	return time.Date(b.Year(), b.Month()+1, 1, 0, 0, 0, 0, identity.Beijing)
}

// Prefixes say what an id or a secret is for.
const (
	applicationPrefix = "app_"
	checkPrefix       = "chk_"
	sessionPrefix     = "ses_"
	accessPrefix      = "rga_"
	paperProofPrefix  = "ppr_"
)

// Status is the status of an application.
type Status string

// The statuses of an application:
//
//	submitted ─► checked ─► approved ─► expired | superseded | revoked
//	    └───────────┴─────► refused | expired
//
// Only revoked can be undone: staff can unrevoke.
const (
	StatusSubmitted  Status = "submitted"  // the face check is due
	StatusChecked    Status = "checked"    // the face check passed; the resident registry did not answer yet
	StatusApproved   Status = "approved"   // the credential is active
	StatusRefused    Status = "refused"    // by a rule; no quota was used up
	StatusExpired    Status = "expired"    // the 24 hours of the credential, or of the pending application, are over
	StatusSuperseded Status = "superseded" // a newer credential of the person replaced it (rule A9)
	StatusRevoked    Status = "revoked"
)

// ApplicationView is an application's status and, once approved, its credential. Times
// are Unix seconds.
type ApplicationView struct {
	Application string
	Status      Status
	SubmittedAt int64
	RefusedFor  problem.Code   // if refused
	Serial      *tokens.Serial // nil before approval
	ApprovedAt  int64          // 0 before approval
	ExpiresAt   int64          // of the credential; 0 before approval
	RenewableAt int64          // from when the next application may be approved (A9); 0 before approval
}

// View is the application as shown to its holder.
func (s *Service) View(h Holder) ApplicationView {
	return viewOf(&h.application, h.credential, s.Now())
}

func viewOf(a *Application, c *Credential, now time.Time) ApplicationView {
	st := ApplicationView{Application: a.ID, SubmittedAt: a.Created.Seconds()}
	if c == nil {
		st.Status, st.RefusedFor = pendingStatus(a, now), a.RefusedFor
		return st
	}
	st.Serial, st.ApprovedAt, st.ExpiresAt = &c.Serial, c.Approved.Seconds(), c.Expires.Seconds()
	st.RenewableAt = renewable(c).Seconds()
	switch {
	case c.Superseded:
		st.Status = StatusSuperseded
	case database.MillisAt(now) >= c.Expires:
		st.Status = StatusExpired
	case c.Revoked != 0:
		st.Status = StatusRevoked
	default:
		st.Status = StatusApproved
	}
	return st
}

// renewable is from when the next application may be approved (rule A9).
func renewable(c *Credential) database.Millis { return c.Expires.Add(-Renewal) }

func pendingStatus(a *Application, now time.Time) Status {
	switch {
	case a.State == StateRefused:
		return StatusRefused
	case database.MillisAt(now) >= a.Created.Add(ApplicationLife):
		return StatusExpired
	case a.State == StateChecked:
		return StatusChecked
	}
	return StatusSubmitted
}

// requireUsable refuses an application that has ended.
func requireUsable(a *Application, c *Credential, now time.Time) error {
	switch viewOf(a, c, now).Status {
	case StatusRefused:
		return problem.New(ApplicationRefused, "this application was refused for "+string(a.RefusedFor))
	case StatusSuperseded:
		return problem.New(CredentialSuperseded, "a newer application replaced this one")
	case StatusExpired:
		if c == nil {
			return problem.New(ApplicationExpired, "an application waits 24 hours for its face check")
		}
		return problem.New(CredentialExpired, "the 24 hours of this credential are over")
	case StatusRevoked:
		return problem.New(CredentialRevoked, "this credential was revoked")
	}
	return nil
}

// Visitor is the identity of a request: the access token of one application, or a login,
// which opens every application of its account.
type Visitor struct {
	access [sha256.Size]byte
	login  *account.Holder
}

// ByAccess is the visitor with an access token. It checks the token's form only.
func ByAccess(token string) (Visitor, error) {
	if !ids.WellFormed(token, accessPrefix, ids.SecretSize) {
		return Visitor{}, errUnauthorized
	}
	return Visitor{access: ids.Hash(token)}, nil
}

// ByLogin is the visitor with a login.
func ByLogin(h account.Holder) Visitor { return Visitor{login: &h} }

// errUnauthorized is the same for every cause: another person's application and one that
// does not exist look the same.
var errUnauthorized = problem.New(Unauthorized, "")

// opens reports whether the visitor may see an application.
func (v Visitor) opens(a *Application) bool {
	if v.login != nil {
		return a.Account != "" && a.Account == v.login.Account()
	}
	return a.Access == v.access
}

// opened reports whether this visitor opened a session: not so another login of the same
// account (rule A12).
func (v Visitor) opened(o *SessionRow) bool {
	if v.login != nil {
		return o.Login == v.login.Login()
	}
	return o.Login == ""
}

// Holder is a visitor with an application of theirs. Only [Service.Authorize] makes one.
type Holder struct {
	visitor     Visitor
	application Application
	credential  *Credential // nil before approval
}

// Application is the id of the application.
func (h Holder) Application() string { return h.application.ID }

// Authorize returns an application of the visitor's in its present state.
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

// maxViews bounds a list. Our choice: a person who is refused repeatedly has more
// applications than a list can show usefully.
const maxViews = 200

// Views lists what an account applied for in the last month, the newest
// first (rule A13).
func (s *Service) Views(ctx context.Context, h account.Holder) ([]ApplicationView, error) {
	now, all := s.Now(), []ApplicationView{}
	err := s.Store.db.View(ctx, "list applications", func(ctx context.Context, q database.Queries) error {
		return database.Each(ctx, q, func(rows *sql.Rows) error {
			a, c, err := scanApplication(rows)
			all = append(all, viewOf(&a, c, now))
			return err
		}, selectApplications+`a.account = $1 AND a.created_ms >= $2 ORDER BY a.created_ms DESC, a.id LIMIT $3`,
			h.Account(), database.MillisAt(now.Add(-RecordLife)), maxViews)
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}
