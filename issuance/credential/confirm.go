package credential

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/store"
)

// confirm asks the resident registry whether the card exists for the name, and
// refuses the application if it does not. It is asked only after the person was
// seen, or anybody could try which names and numbers belong together. A card
// that was reported lost is what this service is for.
func (s *Service) confirm(ctx context.Context, application string, check *store.Check, p provider.Person, at time.Time) error {
	match, err := s.lookUp(ctx, p)
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
	if err := s.Store.Refuse(ctx, application, check, code, at.UnixMilli()); err != nil {
		return err
	}
	return problem.New(code, "the resident registry does not confirm name and number")
}
