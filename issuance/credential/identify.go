package credential

import (
	"context"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/throttle"
)

// Identify has the provider check a person's face, and then asks the resident registry
// whether name and number belong together. It is for other callers that need to know
// who a person is (rule G39). Throttles and locks are those of the checks of
// applications, and no application is used up. guard refuses if too many checks have
// failed meanwhile: ask it in the transaction that acts on the answer. A card that was
// reported lost is still the person's.
func (s *Service) Identify(ctx context.Context, p provider.Person, evidence string, from throttle.Caller) (label string, guard func(context.Context, database.Queries) error, err error) {
	seen, err := s.show(ctx, p, evidence, from)
	if err != nil {
		return "", nil, err
	}
	// Asked before anything is told of the person.
	if err := s.Store.Database().View(ctx, "look for locks", seen.guard); err != nil {
		return "", nil, err
	}
	match, err := s.lookUp(ctx, p)
	switch {
	case ctx.Err() != nil:
		return "", nil, ctx.Err() // the caller went away
	case match == provider.Matched, match == provider.Lost:
		return seen.label, seen.guard, nil
	case match == provider.NotMatched:
		return "", nil, problem.New(IdentityNotConfirmed, "the resident registry does not confirm name and number")
	case match == provider.Cancelled:
		return "", nil, problem.New(DocumentCancelled, "the resident registry has the card as cancelled")
	}
	s.Log.Warn("resident registry did not answer", zap.Error(err))
	return "", nil, problem.New(IdentifyUnavailable, "the resident registry cannot be asked now; nothing was changed")
}

// lookUp asks the resident registry, within its bound.
func (s *Service) lookUp(ctx context.Context, p provider.Person) (provider.Match, error) {
	bounded, cancel := context.WithTimeout(ctx, s.LookupTimeout)
	defer cancel()
	match, err := s.Residents.Lookup(bounded, p)
	s.metrics.lookups.WithLabelValues(match.String()).Inc()
	return match, err
}
