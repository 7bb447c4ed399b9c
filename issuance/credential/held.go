package credential

import (
	"context"
	"time"

	"github.com/railgate/railgate/issuance/store"
)

// HeldData is all that is held of an application, opened for its holder (rule
// B12). Times are Unix seconds.
type HeldData struct {
	Standing Standing
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

// Held tells the holder what is held of the application.
func (s *Service) Held(ctx context.Context, h Holder) (out HeldData, err error) {
	p, err := s.person(&h.application)
	if err != nil {
		return out, err
	}
	city, err := s.vault.Open(h.application.City, place(columnCity, h.application.ID))
	if err != nil {
		return out, err
	}
	n, err := s.Store.SessionsOf(ctx, h.application.ID)
	out = HeldData{
		Standing: s.Standing(h), Name: p.Name, Document: p.Document.String(), Number: p.Number, City: string(city),
		Policy: h.application.Policy, AgreedAt: h.application.ConsentMs / 1000,
		Sessions: n, ErasedAt: (h.application.CreatedMs + life(&h.application).Milliseconds()) / 1000, LoggedIn: h.application.Account != "",
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
func isPerson(a *store.Application) bool {
	return a.State == store.Approved ||
		a.State == store.Refused && (a.RefusedFor == QuotaExceeded || a.RefusedFor == RenewalTooEarly)
}

// life is how long an application is kept in its present status.
func life(a *store.Application) time.Duration {
	if a.State == store.Submitted {
		return UncheckedLife
	}
	return RecordLife
}
