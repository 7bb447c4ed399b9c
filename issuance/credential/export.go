package credential

import (
	"context"
	"time"

	"github.com/railgate/railgate/issuance/database"
)

// PersonalData is all that is held of an application, opened for its holder (rule
// B12). Times are Unix seconds.
type PersonalData struct {
	View     ApplicationView
	Name     string
	Document string
	Number   string
	City     string
	Policy   string // version of the privacy policy agreed to; empty: the account's consent counts
	AgreedAt int64  // 0 without Policy
	Sessions int    // how many viewings were recorded
	ErasedAt int64
	LoggedIn bool   // whether it is bound to an account
	Subject  string // the pseudonym in the codes; empty before approval
	// PaperProofs are those that police desks made for the person. None are shown before
	// the face check and the resident registry have confirmed who applies: a number alone
	// opens an application.
	PaperProofs []PaperProof
}

// Export tells the holder what is held of the application.
func (s *Service) Export(ctx context.Context, h Holder) (out PersonalData, err error) {
	p, err := s.openIdentity(&h.application)
	if err != nil {
		return out, err
	}
	city, err := s.vault.Open(h.application.City, place(columnCity, h.application.ID))
	if err != nil {
		return out, err
	}
	n, err := s.Store.sessionsOf(ctx, h.application.ID)
	out = PersonalData{
		View: s.View(h), Name: p.Name, Document: p.Document.String(), Number: p.Number, City: string(city),
		Policy: h.application.Policy, AgreedAt: h.application.Consent.Seconds(),
		Sessions: n, ErasedAt: h.application.Created.Add(life(&h.application)).Seconds(), LoggedIn: h.application.Account != "",
	}
	if h.credential != nil {
		out.Subject = h.credential.Subject.String()
	}
	if err == nil && isPerson(&h.application) {
		out.PaperProofs, err = s.PaperProofsOf(ctx, Document{Type: p.Document.String(), Number: p.Number})
	}
	return out, err
}

// isPerson reports whether the applicant has passed the face check and name and number
// were confirmed.
func isPerson(a *Application) bool {
	return a.State == StateApproved ||
		a.State == StateRefused && (a.RefusedFor == QuotaExceeded || a.RefusedFor == RenewalTooEarly)
}

// life is how long an application is kept in its present status.
func life(a *Application) time.Duration {
	if a.State == StateSubmitted {
		return UncheckedLife
	}
	return RecordLife
}

// sessionsOf counts the sessions of an application.
func (s *Store) sessionsOf(ctx context.Context, application string) (n int, err error) {
	err = s.db.View(ctx, "count sessions", func(ctx context.Context, q database.Queries) error {
		return q.QueryRowContext(ctx, `SELECT COUNT(*) FROM sessions WHERE application = $1`, application).Scan(&n)
	})
	return n, err
}
