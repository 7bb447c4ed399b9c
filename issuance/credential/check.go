package credential

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/issuance/throttle"
)

// Checked is a passed check. It opens one session until ExpiresAt, Unix seconds.
type Checked struct {
	Check     string
	ExpiresAt int64
	View      ApplicationView
	Provider  string // label of the face check, also of a sandbox
}

// Check runs a face check (rule A6); the first one that passes decides the application. A
// check that fails, times out or cannot be done changes only the failure counters. If the
// resident registry does not answer after a passed check, the application stays checked, and
// Resume continues from there.
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

// newCheck is a check that passed at this moment, in whole seconds as a credential's end.
func (s *Service) newCheck(application string, seen verified) Check {
	at := s.Now().Truncate(time.Second)
	return Check{
		ID: ids.New(checkPrefix, ids.IDSize), Application: application,
		Passed: database.MillisAt(at), Expires: database.MillisAt(at.Add(CheckLife)), Guard: seen.guard,
	}
}

// afterCheck uses a passed check: it decides a pending application, or stores the check for
// the next session of an approved one.
func (s *Service) afterCheck(ctx context.Context, h Holder, check *Check, person provider.Person) (ApplicationView, error) {
	at := check.Passed.Time()
	if h.credential != nil {
		return viewOf(&h.application, h.credential, at), s.Store.keepCheck(ctx, *check)
	}
	err := s.confirmIdentity(ctx, h.application.ID, check, person, at)
	if problem.Is(err, LookupUnavailable) {
		h.application.State = StateChecked
		return viewOf(&h.application, nil, at), s.Store.keepCheckOfPending(ctx, *check)
	}
	if err != nil {
		return ApplicationView{}, err
	}
	return s.approve(ctx, h.application.ID, check, person, at)
}

// Resume continues an application that was checked while the resident registry did not
// answer. It needs a passed check that is still good.
func (s *Service) Resume(ctx context.Context, h Holder) (ApplicationView, error) {
	now := s.Now()
	if err := requireUsable(&h.application, h.credential, now); err != nil {
		return ApplicationView{}, err
	}
	if h.credential != nil {
		return viewOf(&h.application, h.credential, now), nil
	}
	if h.application.State != StateChecked {
		return ApplicationView{}, problem.New(NotApproved, "no face check has passed yet")
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

// openIdentity decrypts the identity for the providers.
func (s *Service) openIdentity(a *Application) (p provider.Person, err error) {
	name, err := s.vault.Decrypt(a.Name, fieldPlace(columnName, a.ID))
	if err != nil {
		return p, err
	}
	number, err := s.vault.Decrypt(a.Number, fieldPlace(columnNumber, a.ID))
	return provider.Person{Name: string(name), Document: a.Document, Number: string(number)}, err
}

// confirmIdentity looks the card up in the resident registry, and refuses the application
// if name and card do not match. The lookup follows the face check: otherwise any caller
// could test which names and numbers belong together. A card that was reported lost is
// accepted: this service exists for that case.
func (s *Service) confirmIdentity(ctx context.Context, application string, check *Check, p provider.Person, at time.Time) error {
	match, err := s.lookUpIdentity(ctx, p)
	if ctx.Err() != nil {
		return ctx.Err() // the caller is gone
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
		return problem.New(LookupUnavailable, "the resident registry is not available now; nothing was used up")
	}
	if err := s.Store.refuse(ctx, application, check, code, database.MillisAt(at)); err != nil {
		return err
	}
	return problem.New(code, "the resident registry does not confirm name and number")
}

// verified is a passed face check.
type verified struct {
	label string // of the provider
	// guard refuses if too many checks have failed meanwhile. It runs in the transaction
	// that acts on the check: of concurrent guesses, a right one counts only if it came
	// before the lock.
	guard func(ctx context.Context, q database.Queries) error
}

// verifyFace calls the face check provider with the evidence (rule A6). Failures count
// against the document, once for the caller's network and once in total, and lock it; a
// network whose checks mostly fail is throttled.
func (s *Service) verifyFace(ctx context.Context, p provider.Person, evidence string, from throttle.Caller) (verified, error) {
	if evidence == "" || len(evidence) > facecheck.MaxEvidence {
		return verified{}, problem.New(EvidenceInvalid, "evidence must have 1 to 4096 bytes")
	}
	if s.Lockout == nil {
		label, err := s.callProvider(ctx, p, evidence)
		return verified{label, unguarded}, err
	}
	if err := s.Lockout.Allow(throttle.FaceChecks, from); err != nil {
		return verified{}, err
	}
	person := s.vault.Person(p.Document, p.Number)
	keys := []throttle.Key{s.Lockout.Face(person, from), s.Lockout.Faces(person)}
	if err := s.Lockout.Locked(ctx, keys...); err != nil {
		return verified{}, err
	}
	label, err := s.callProvider(ctx, p, evidence)
	switch {
	case err == nil:
		s.Lockout.Succeeded(throttle.FaceChecks, from, keys[0])
	case problem.Is(err, CheckFailed):
		if e := s.Lockout.Count(ctx, keys...); e != nil {
			return verified{}, e // locked meanwhile: not counted
		}
		s.Lockout.Failed(throttle.FaceChecks, from)
	}
	return verified{label, func(ctx context.Context, q database.Queries) error { return s.Lockout.Check(ctx, q, keys...) }}, err
}

func unguarded(context.Context, database.Queries) error { return nil }

// callProvider calls the provider, and does not wait beyond the deadline.
func (s *Service) callProvider(ctx context.Context, p provider.Person, evidence string) (label string, err error) {
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
		return "", problem.New(CheckUnavailable, "too many concurrent face checks; nothing was changed")
	}
	answers := make(chan answer, 1)
	go func() {
		defer func() { <-s.checks }()
		var a answer
		defer func() {
			if recover() != nil {
				// The panic value may contain personal data.
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
		return "", problem.New(CheckFailed, "the face check did not pass; nothing was changed")
	case errors.Is(a.err, facecheck.ErrEvidence):
		return "", problem.New(EvidenceInvalid, "evidence does not have the provider's format")
	case ctx.Err() != nil:
		return "", ctx.Err() // the caller is gone
	case bound.Err() != nil:
		s.metrics.checks.WithLabelValues("timeout").Inc()
		return "", problem.New(CheckTimeout, "the face check was not decided in time; nothing was changed")
	}
	s.metrics.checks.WithLabelValues("unavailable").Inc()
	s.Log.Error("face check provider failed", zap.Error(a.err))
	return "", problem.New(CheckUnavailable, "the face check cannot be done now; nothing was changed")
}

// Identify runs a face check and then confirms name and number in the resident registry,
// for callers that need a confirmed identity (rule G39). Throttles and lockouts are those of
// application checks, and no application is used up. guard refuses if too many checks have
// failed meanwhile: call it in the transaction that acts on the result. A card that was
// reported lost still belongs to the person.
func (s *Service) Identify(ctx context.Context, p provider.Person, evidence string, from throttle.Caller) (label string, guard func(context.Context, database.Queries) error, err error) {
	seen, err := s.verifyFace(ctx, p, evidence, from)
	if err != nil {
		return "", nil, err
	}
	// Before anything about the person is revealed.
	if err := s.Store.db.View(ctx, "look for locks", seen.guard); err != nil {
		return "", nil, err
	}
	match, err := s.lookUpIdentity(ctx, p)
	switch {
	case ctx.Err() != nil:
		return "", nil, ctx.Err() // the caller is gone
	case match == provider.Matched, match == provider.Lost:
		return seen.label, seen.guard, nil
	case match == provider.NotMatched:
		return "", nil, problem.New(IdentityNotConfirmed, "the resident registry does not confirm name and number")
	case match == provider.Cancelled:
		return "", nil, problem.New(DocumentCancelled, "the card is cancelled in the resident registry")
	}
	s.Log.Warn("resident registry did not answer", zap.Error(err))
	return "", nil, problem.New(IdentifyUnavailable, "the resident registry is not available now; nothing was changed")
}

// lookUpIdentity queries the resident registry within its timeout.
func (s *Service) lookUpIdentity(ctx context.Context, p provider.Person) (provider.Match, error) {
	bounded, cancel := context.WithTimeout(ctx, s.LookupTimeout)
	defer cancel()
	match, err := s.Residents.Lookup(bounded, p)
	s.metrics.lookups.WithLabelValues(match.String()).Inc()
	return match, err
}
