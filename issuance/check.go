package issuance

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/realperson"
	"github.com/railgate/railgate/issuance/refusal"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/tokens"
)

// CheckLife is how long a passed check may wait for its session. Ours: long
// enough for a slow network, too short to hand the phone to somebody else.
const CheckLife = 2 * time.Minute

// Checked is a passed check. It opens one session until ExpiresAt, Unix seconds.
type Checked struct {
	Check     string
	ExpiresAt int64
	Standing  Standing
	Provider  string // who checked; a provider that is none says so
}

// Check has the real-person check done (rule A6). The first passed one approves
// the application. A check that fails, times out or cannot be done changes
// nothing and leaves no trace but a counter.
func (s *Service) Check(ctx context.Context, h Holder, evidence string) (Checked, error) {
	if err := inForce(h.credential, s.Now()); err != nil {
		return Checked{}, err
	}
	if evidence == "" || len(evidence) > realperson.MaxEvidence {
		return Checked{}, refusal.New(EvidenceInvalid, "evidence must have 1 to 4096 bytes")
	}
	person, err := s.person(h)
	if err != nil {
		return Checked{}, err
	}
	label, err := s.decide(ctx, person, evidence)
	if err != nil {
		return Checked{}, err
	}

	passed := s.Now().Truncate(time.Second)
	day := tokens.DayOf(passed.Unix())
	check := store.Check{
		ID: random(checkPrefix, idSize), Application: h.application.ID,
		PassedMs: passed.UnixMilli(), ExpiresMs: passed.Add(CheckLife).UnixMilli(),
	}
	credential, approved, err := s.Store.RecordCheck(ctx, check, store.Grant{
		Day:        uint16(day),
		Subject:    s.vault.Subject(uint16(day), person.Document, person.Number),
		Scopes:     tokens.AllScopes,
		ApprovedMs: passed.UnixMilli(),
		ExpiresMs:  passed.UnixMilli() + tokens.CredentialLife*1000,
	})
	if err != nil {
		return Checked{}, err
	}
	if approved {
		s.metrics.approvals.Inc()
	}
	return Checked{check.ID, check.ExpiresMs / 1000, standing(h.application.ID, credential, passed), label}, nil
}

// person opens the sealed identity for the provider.
func (s *Service) person(h Holder) (realperson.Person, error) {
	name, err := s.vault.Open(h.application.Name, place(columnName, h.application.ID))
	if err != nil {
		return realperson.Person{}, err
	}
	number, err := s.vault.Open(h.application.Number, place(columnNumber, h.application.ID))
	if err != nil {
		return realperson.Person{}, err
	}
	return realperson.Person{Name: string(name), Document: h.application.Document, Number: string(number)}, nil
}

// decide asks the provider, and stops waiting for one that does not keep to
// its deadline.
func (s *Service) decide(ctx context.Context, p realperson.Person, evidence string) (label string, err error) {
	bound, cancel := context.WithTimeout(ctx, s.CheckTimeout)
	defer cancel()
	type answer struct {
		result realperson.Result
		err    error
	}
	select {
	case s.checks <- struct{}{}:
	default:
		s.metrics.checks.WithLabelValues("unavailable").Inc()
		return "", refusal.New(CheckUnavailable, "too many real-person checks at once; nothing was changed")
	}
	answers := make(chan answer, 1)
	go func() {
		defer func() { <-s.checks }()
		var a answer
		defer func() {
			if recover() != nil {
				// What it panicked with may speak of the person.
				a = answer{err: errors.New("the provider panicked")}
			}
			answers <- a
		}()
		a.result, a.err = s.Checker.Check(bound, p, evidence)
	}()
	var a answer
	select {
	case a = <-answers:
	case <-bound.Done():
		a.err = bound.Err()
	}
	switch {
	case a.err == nil && a.result.Passed:
		s.metrics.checks.WithLabelValues("passed").Inc()
		return a.result.Label, nil
	case a.err == nil:
		s.metrics.checks.WithLabelValues("failed").Inc()
		return "", refusal.New(CheckFailed, "the real-person check did not pass; nothing was changed")
	case errors.Is(a.err, realperson.ErrEvidence):
		return "", refusal.New(EvidenceInvalid, "evidence is not in the form that the provider reads")
	case ctx.Err() != nil:
		return "", ctx.Err() // the caller went away
	case bound.Err() != nil:
		s.metrics.checks.WithLabelValues("timeout").Inc()
		return "", refusal.New(CheckTimeout, "the real-person check was not decided in time; nothing was changed")
	}
	s.metrics.checks.WithLabelValues("unavailable").Inc()
	s.Log.Error("real-person provider failed", zap.Error(a.err))
	return "", refusal.New(CheckUnavailable, "the real-person check cannot be done now; nothing was changed")
}
