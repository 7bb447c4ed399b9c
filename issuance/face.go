package issuance

import (
	"context"
	"errors"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/attempts"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/realperson"
	"github.com/railgate/railgate/issuance/refusal"
)

// shown is a person whom the provider has seen.
type shown struct {
	label string // of the provider
	// guard refuses if too many checks have failed meanwhile. It is asked in the
	// transaction that acts on the check, so that of guesses at the same time a right
	// one counts only if it came before the lock.
	guard func(ctx context.Context, q database.Queries) error
}

// show has the person shown to the provider by evidence (rule A6). Failures
// count against the document, by the caller's network and in all, and lock it; a
// network that mostly fails is slowed.
func (s *Service) show(ctx context.Context, p realperson.Person, evidence string, from attempts.Caller) (shown, error) {
	if evidence == "" || len(evidence) > realperson.MaxEvidence {
		return shown{}, refusal.New(EvidenceInvalid, "evidence must have 1 to 4096 bytes")
	}
	if s.Failures == nil {
		label, err := s.decide(ctx, p, evidence)
		return shown{label, unguarded}, err
	}
	if err := s.Failures.Allow(attempts.FaceChecks, from); err != nil {
		return shown{}, err
	}
	person := s.vault.Person(p.Document, p.Number)
	keys := []attempts.Key{s.Failures.Face(person, from), s.Failures.Faces(person)}
	if err := s.Failures.Locked(ctx, keys...); err != nil {
		return shown{}, err
	}
	label, err := s.decide(ctx, p, evidence)
	switch {
	case err == nil:
		s.Failures.Succeeded(attempts.FaceChecks, from, keys[0])
	case refusal.Is(err, CheckFailed):
		if e := s.Failures.Count(ctx, keys...); e != nil {
			return shown{}, e // locked meanwhile: that counts nowhere
		}
		s.Failures.Failed(attempts.FaceChecks, from)
	}
	return shown{label, func(ctx context.Context, q database.Queries) error { return s.Failures.Check(ctx, q, keys...) }}, err
}

func unguarded(context.Context, database.Queries) error { return nil }

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
