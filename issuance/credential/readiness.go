package credential

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// Readiness says whether the service should get requests, and what is wrong.
type Readiness struct {
	Ready bool `json:"ready"`
	// Waiting says what keeps the service from being ready, or what is wrong while it
	// serves; empty when all is well.
	Waiting []string `json:"waiting"`
}

// Readiness asks whether a load balancer should send requests here. Publishing that
// fails is named and does not make the service unready: all issuers share the brokers,
// so a load balancer would take all of them away, and with them the revocations
// that this one still keeps safely in the database.
func (s *Service) Readiness(ctx context.Context) Readiness {
	waiting := s.Ready(ctx)
	r := Readiness{Ready: len(waiting) == 0, Waiting: append([]string{}, waiting...)}
	if why := s.Trouble(); why != "" {
		r.Waiting = append(r.Waiting, why)
	}
	return r
}

// Ready lists what keeps the service from opening sessions; empty when nothing
// does. Until the announcement of the signing key is in the stream, every gateway
// would refuse the passes. Staff can revoke all the same.
func (s *Service) Ready(ctx context.Context) (waiting []string) {
	start := time.Unix(s.Now().Unix(), 0) // sessions start with whole seconds
	id, _, err := s.Keys.Current(start)
	if err != nil { // who starts and waits for its key need not wait for the next look as well
		if err := s.Keys.Refresh(ctx); err != nil {
			s.Log.Warn("not ready", zap.Error(err))
			return []string{"the database does not answer"}
		}
		if id, _, err = s.Keys.Current(start); err != nil {
			return []string{err.Error()}
		}
	}
	published, err := s.Store.KeyPublished(ctx, id)
	switch {
	case err != nil:
		s.Log.Warn("not ready", zap.Error(err))
		return []string{"the database does not answer"}
	case !published:
		return []string{"the announcement of the issuer key is not in the control stream yet"}
	}
	return nil
}
