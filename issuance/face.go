package issuance

import (
	"context"
	"errors"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/attempts"
	"github.com/railgate/railgate/issuance/realperson"
	"github.com/railgate/railgate/issuance/refusal"
	"github.com/railgate/railgate/issuance/vault"
)

// show has the person shown to the provider by evidence (rule A6). Failures
// count against the document and the caller's address, and lock them.
func (s *Service) show(ctx context.Context, p realperson.Person, evidence string, from attempts.Caller) (label string, err error) {
	if evidence == "" || len(evidence) > realperson.MaxEvidence {
		return "", refusal.New(EvidenceInvalid, "evidence must have 1 to 4096 bytes")
	}
	person := s.vault.Person(p.Document, p.Number)
	if err := s.locked(ctx, person, from); err != nil {
		return "", err
	}
	label, err = s.decide(ctx, p, evidence)
	if refusal.Is(err, CheckFailed) {
		if e := s.failed(ctx, person, from); e != nil {
			return "", e
		}
	}
	return label, err
}

func (s *Service) locked(ctx context.Context, person vault.PersonHash, from attempts.Caller) error {
	if s.Failures == nil {
		return nil
	}
	return s.Failures.Locked(ctx, s.Failures.Document(person), s.Failures.Address(from))
}

func (s *Service) failed(ctx context.Context, person vault.PersonHash, from attempts.Caller) error {
	if s.Failures == nil {
		return nil
	}
	return s.Failures.Count(ctx, s.Failures.Document(person), s.Failures.Address(from))
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
