package credential

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/tokens"
)

// Reasons are why a credential may be revoked.
func Reasons() []string { return []string{"lost_phone", "fraud", "superseded", "staff"} }

// newBudget bounds what one credential changes: the thief of one can
// guess serials, and shall not withdraw a day's credentials with it. Tries count
// too, also of serials that are not given. Zero: nil, no bound.
func newBudget(r throttle.Rate, now func() time.Time) (*throttle.Limiter[string], error) {
	if r == (throttle.Rate{}) {
		return nil, nil
	}
	l, err := throttle.NewLimiter[string](throttle.LimiterConfig{Each: r, Now: now, Code: staff.BudgetSpent,
		Detail: "this credential has revoked or lifted too many; nothing was changed"})
	if err != nil {
		return nil, fmt.Errorf("issuance: %w", err)
	}
	return l, nil
}

// Accepted is an accepted change. AtMs, Unix ms, is when the credential came
// into the wanted state: a repetition gets the first one's answer.
type Accepted struct {
	Serial tokens.Serial
	AtMs   int64
}

// Revoke withdraws a credential. When it returns, the record for the gateways
// is durably on its way. It is idempotent.
func (s *Service) Revoke(ctx context.Context, by staff.Member, serial, reason, request string) (Accepted, error) {
	if !slices.Contains(Reasons(), reason) {
		return Accepted{}, problem.New(ReasonInvalid, "reason must be lost_phone, fraud, superseded or staff")
	}
	return s.change(ctx, by, staff.Revoke, serial, request, store.Change{Revoke: true, Reason: reason})
}

// Unrevoke lifts a revocation. It is idempotent.
func (s *Service) Unrevoke(ctx context.Context, by staff.Member, serial, request string) (Accepted, error) {
	return s.change(ctx, by, staff.Lift, serial, request, store.Change{})
}

func (s *Service) change(ctx context.Context, by staff.Member, what staff.Action, text, request string, c store.Change) (Accepted, error) {
	now := s.Now().UnixMilli()
	entry, err := audit.By(by, what, audit.Object{}, now)
	if err != nil {
		return Accepted{}, err
	}
	serial, err := tokens.ParseSerial(text)
	if err != nil || serial.Index >= store.IndexEnd {
		return Accepted{}, errNoCredential
	}
	if s.budget != nil {
		if err := s.budget.Allow(by.Name()); err != nil {
			s.metrics.budget.Inc()
			s.Log.Warn("revocation budget spent", zap.String("by", by.Name()))
			return Accepted{}, err
		}
	}
	entry.Object, entry.Detail, entry.Request = audit.Serial(serial), c.Reason, request
	c.Serial, c.Who, c.AtMs, c.Entry = serial, by.Name(), now, entry
	began := time.Now()
	since, changed, err := s.Store.Apply(ctx, c)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Accepted{}, errNoCredential
	case errors.Is(err, store.ErrExpired):
		return Accepted{}, problem.New(CredentialExpired, "the 24 hours of this credential are over: no gate accepts it any more")
	case errors.Is(err, store.ErrSuperseded):
		return Accepted{}, problem.New(CredentialSuperseded, "the person has a newer credential")
	case err != nil:
		return Accepted{}, err
	}
	if changed {
		s.WakeOne(s.Store.PartitionOf(serial))
		s.metrics.commit.Observe(time.Since(began).Seconds())
		action := "lift"
		if c.Revoke {
			action = "revoke"
		}
		s.metrics.revocations.WithLabelValues(action).Inc()
		s.Log.Info("credential changed", zap.String("action", action), zap.Stringer("serial", serial), zap.String("by", by.Name()))
	}
	return Accepted{serial, since}, nil
}

var errNoCredential = problem.New(CredentialNotFound, "no credential has this serial")
