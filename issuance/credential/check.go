package credential

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/throttle"
)

// Checked is a passed check. It opens one session until ExpiresAt, Unix seconds.
type Checked struct {
	Check     string
	ExpiresAt int64
	View      ApplicationView
	Provider  string // who checked; a provider that is none says so
}

// Check has the real-person check done (rule A6), and on the first passed one
// decides the application. A check that fails, times out or cannot be done
// changes nothing but what counts against guessing. A passed one whose
// application the resident registry could not judge leaves it checked: Resume
// goes on from there.
func (s *Service) Check(ctx context.Context, h Holder, evidence string, from throttle.Caller) (Checked, error) {
	if err := requireUsable(&h.application, h.credential, s.Now()); err != nil {
		return Checked{}, err
	}
	person, err := s.openIdentity(&h.application)
	if err != nil {
		return Checked{}, err
	}
	seen, err := s.verifyFace(ctx, person, evidence, from)
	if err != nil {
		return Checked{}, err
	}
	check := s.newCheck(h.application.ID, seen)
	out := Checked{Check: check.ID, ExpiresAt: check.Expires.Seconds(), Provider: seen.label}
	out.View, err = s.afterCheck(ctx, h, &check, person)
	return out, err
}

// newCheck is a check that was passed at this moment. Whole seconds, since a
// credential's end is one.
func (s *Service) newCheck(application string, seen verified) Check {
	at := s.Now().Truncate(time.Second)
	return Check{
		ID: ids.New(checkPrefix, ids.IDSize), Application: application,
		Passed: database.MillisAt(at), Expires: database.MillisAt(at.Add(CheckLife)), Guard: seen.guard,
	}
}

// afterCheck does what a passed check is for: it decides an undecided application,
// or keeps the check for the next session of an approved one.
func (s *Service) afterCheck(ctx context.Context, h Holder, check *Check, person provider.Person) (ApplicationView, error) {
	at := check.Passed.Time()
	if h.credential != nil {
		return view(&h.application, h.credential, at), s.Store.keepCheck(ctx, *check)
	}
	err := s.confirmIdentity(ctx, h.application.ID, check, person, at)
	if problem.Is(err, LookupUnavailable) {
		h.application.State = StateChecked
		return view(&h.application, nil, at), s.Store.keepWaiting(ctx, *check)
	}
	if err != nil {
		return ApplicationView{}, err
	}
	return s.approve(ctx, h.application.ID, check, person, at)
}

// Resume goes on with an application that was checked while the resident
// registry did not answer. It needs a passed check that is still good.
func (s *Service) Resume(ctx context.Context, h Holder) (ApplicationView, error) {
	now := s.Now()
	if err := requireUsable(&h.application, h.credential, now); err != nil {
		return ApplicationView{}, err
	}
	if h.credential != nil {
		return view(&h.application, h.credential, now), nil
	}
	if h.application.State != StateChecked {
		return ApplicationView{}, problem.New(NotApproved, "no real-person check has passed yet")
	}
	good, err := s.Store.goodCheck(ctx, h.application.ID, database.MillisAt(now))
	if err != nil {
		return ApplicationView{}, err
	}
	if !good {
		return ApplicationView{}, errCheckRequired
	}
	person, err := s.openIdentity(&h.application)
	if err != nil {
		return ApplicationView{}, err
	}
	at := now.Truncate(time.Second)
	if err := s.confirmIdentity(ctx, h.application.ID, nil, person, at); err != nil {
		return ApplicationView{}, err
	}
	return s.approve(ctx, h.application.ID, nil, person, at)
}

// openIdentity opens the sealed identity for the providers.
func (s *Service) openIdentity(a *Application) (p provider.Person, err error) {
	name, err := s.vault.Open(a.Name, place(columnName, a.ID))
	if err != nil {
		return p, err
	}
	number, err := s.vault.Open(a.Number, place(columnNumber, a.ID))
	return provider.Person{Name: string(name), Document: a.Document, Number: string(number)}, err
}

// confirmIdentity asks the resident registry whether the card exists for the name, and
// refuses the application if it does not. It is asked only after the person was
// seen, or anybody could try which names and numbers belong together. A card
// that was reported lost is what this service is for.
func (s *Service) confirmIdentity(ctx context.Context, application string, check *Check, p provider.Person, at time.Time) error {
	match, err := s.lookUpIdentity(ctx, p)
	if ctx.Err() != nil {
		return ctx.Err() // the caller went away
	}
	code := IdentityNotConfirmed
	switch match {
	case provider.Matched, provider.Lost:
		return nil
	case provider.Cancelled:
		code = DocumentCancelled
	case provider.NotMatched:
	default:
		s.Log.Warn("resident registry did not answer", zap.Error(err))
		return problem.New(LookupUnavailable, "the resident registry cannot be asked now; nothing was used up")
	}
	if err := s.Store.refuse(ctx, application, check, code, database.MillisAt(at)); err != nil {
		return err
	}
	return problem.New(code, "the resident registry does not confirm name and number")
}
