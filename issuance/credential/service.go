package credential

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/issuance/vault"
)

// Service applies the rules. It is safe for many goroutines at once.
type Service struct {
	Config
	vault   *vault.Vault
	metrics *metrics
	checks  chan struct{}             // a place for each call of the provider
	budget  *throttle.Limiter[string] // of changes, by the credential's name; nil: no bound
	// what credentials learn of persons, by their names
	identifications, subjects *throttle.Takes
	verifiers                 sync.Map // tokens.KeyID to *tokens.Key
}

// Open makes a service, announces its keys, so that their announcement is in the
// outbox before the first pass is signed, and looks which one signs. It starts
// nothing.
func Open(ctx context.Context, c Config) (*Service, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	m, err := newMetrics(c.Metrics, c.Store)
	if err != nil {
		return nil, fmt.Errorf("issuance: metrics: %w", err)
	}
	budget, err := newBudget(c.Changes, c.Now)
	if err != nil {
		return nil, err
	}
	identifications, subjects, err := newTakes(&c)
	if err != nil {
		return nil, err
	}
	s := &Service{Config: c, budget: budget, identifications: identifications, subjects: subjects, vault: vault.New(c.Vault, c.FieldKeys...), metrics: m, checks: make(chan struct{}, c.MaxChecks)}
	if s.Trail == nil {
		if s.Trail, err = audit.New(audit.Config{DB: s.Store.Database(), Key: s.vault.AuditKey(), Now: s.Now, Log: s.Log}); err != nil {
			return nil, fmt.Errorf("issuance: %w", err)
		}
	}
	s.Store.SetTrail(s.Trail)
	s.Store.SetWake(s.WakeOne)
	if err := s.announceKeys(ctx); err != nil {
		return nil, err
	}
	// Without a key in service it starts all the same, and the log says what keeps
	// each key: staff must be able to revoke.
	if err := s.Keys.Refresh(ctx); err != nil {
		return nil, err
	}
	s.Log.Info("issuer opened",
		zap.String("database", s.Store.Dialect()),
		zap.Int("partitions", s.Store.Partitions()),
		zap.String("real_person_check", s.Checker.Label()),
		zap.String("resident_registry", s.Residents.Label()))
	return s, nil
}

// announceCheck is how often Run looks whether an announcement has grown old.
const announceCheck = time.Hour

// Run repeats the announcement of the keys before the stream can have forgotten
// it, and erases what is older than the rules allow, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(announceCheck)
	defer tick.Stop()
	erase := time.NewTicker(eraseEvery)
	defer erase.Stop()
	s.eraseDue(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-erase.C:
			s.eraseDue(ctx)
		case <-tick.C:
			if err := s.announceKeys(ctx); err != nil && ctx.Err() == nil {
				s.Log.Error("announcing the keys again", zap.Error(err))
			}
		}
	}
}
