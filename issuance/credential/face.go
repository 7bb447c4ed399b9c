package credential

import (
	"context"
	"errors"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/issuance/throttle"
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
func (s *Service) show(ctx context.Context, p provider.Person, evidence string, from throttle.Caller) (shown, error) {
	if evidence == "" || len(evidence) > facecheck.MaxEvidence {
		return shown{}, problem.New(EvidenceInvalid, "evidence must have 1 to 4096 bytes")
	}
	if s.Lockout == nil {
		label, err := s.decide(ctx, p, evidence)
		return shown{label, unguarded}, err
	}
	if err := s.Lockout.Allow(throttle.FaceChecks, from); err != nil {
		return shown{}, err
	}
	person := s.vault.Person(p.Document, p.Number)
	keys := []throttle.Key{s.Lockout.Face(person, from), s.Lockout.Faces(person)}
	if err := s.Lockout.Locked(ctx, keys...); err != nil {
		return shown{}, err
	}
	label, err := s.decide(ctx, p, evidence)
	switch {
	case err == nil:
		s.Lockout.Succeeded(throttle.FaceChecks, from, keys[0])
	case problem.Is(err, CheckFailed):
		if e := s.Lockout.Count(ctx, keys...); e != nil {
			return shown{}, e // locked meanwhile: that counts nowhere
		}
		s.Lockout.Failed(throttle.FaceChecks, from)
	}
	return shown{label, func(ctx context.Context, q database.Queries) error { return s.Lockout.Check(ctx, q, keys...) }}, err
}

func unguarded(context.Context, database.Queries) error { return nil }

// decide asks the provider, and stops waiting for one that does not keep to
// its deadline.
func (s *Service) decide(ctx context.Context, p provider.Person, evidence string) (label string, err error) {
	bound, cancel := context.WithTimeout(ctx, s.CheckTimeout)
	defer cancel()
	type answer struct {
		result facecheck.Result
		err    error
	}
	select {
	case s.checks <- struct{}{}:
	default:
		s.metrics.checks.WithLabelValues("unavailable").Inc()
		return "", problem.New(CheckUnavailable, "too many real-person checks at once; nothing was changed")
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
		return "", problem.New(CheckFailed, "the real-person check did not pass; nothing was changed")
	case errors.Is(a.err, facecheck.ErrEvidence):
		return "", problem.New(EvidenceInvalid, "evidence is not in the form that the provider reads")
	case ctx.Err() != nil:
		return "", ctx.Err() // the caller went away
	case bound.Err() != nil:
		s.metrics.checks.WithLabelValues("timeout").Inc()
		return "", problem.New(CheckTimeout, "the real-person check was not decided in time; nothing was changed")
	}
	s.metrics.checks.WithLabelValues("unavailable").Inc()
	s.Log.Error("real-person provider failed", zap.Error(a.err))
	return "", problem.New(CheckUnavailable, "the real-person check cannot be done now; nothing was changed")
}
