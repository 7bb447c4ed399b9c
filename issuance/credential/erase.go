package credential

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/store"
)

// eraseEvery is how often Run erases what is due; eraseMost bounds one run, so
// that a backlog of a holiday does not keep the database busy for long.
const (
	eraseEvery = 10 * time.Minute
	eraseMost  = 100_000
)

// Erase deletes the applications of more than 31 days ago with all that hangs on
// them (rule A13), those that were never checked after two days, and paper proofs of
// more than 31 days ago. It returns how many of all these went.
func (s *Service) Erase(ctx context.Context) (erased int, err error) {
	now := s.Now()
	for erased < eraseMost {
		n, err := EraseSome(ctx, s.Store, now)
		erased += n
		s.metrics.erased.Add(float64(n))
		if err != nil || n == 0 {
			return erased, err
		}
	}
	return erased, nil
}

// EraseSome erases a batch of what is due at now, and returns how many applications and
// paper proofs went; fewer than were left only if none are. A command may call it beside
// a running service.
func EraseSome(ctx context.Context, s *store.Store, now time.Time) (erased int, err error) {
	before := now.Add(-RecordLife)
	erased, err = s.Erase(ctx, before.UnixMilli(), month(before))
	if err != nil {
		return erased, err
	}
	unchecked, err := s.EraseUnchecked(ctx, now.Add(-UncheckedLife).UnixMilli())
	if err != nil {
		return erased + unchecked, err
	}
	paper, err := s.ErasePaperProofs(ctx, before.UnixMilli())
	return erased + unchecked + paper, err
}

func (s *Service) eraseDue(ctx context.Context) {
	n, err := s.Erase(ctx)
	if err != nil && ctx.Err() == nil {
		s.Log.Error("erasing old applications and paper proofs", zap.Error(err))
	}
	if n > 0 {
		s.Log.Info("erased old applications and paper proofs", zap.Int("erased", n))
	}
}
