package issuance

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/tokens"
)

// Service applies the rules. It is safe for many goroutines at once.
type Service struct {
	Config
	vault   *vault.Vault
	metrics *metrics
	checks  chan struct{} // a place for each call of the provider
}

// Open makes a service and announces its keys, so that their announcement is in
// the outbox before the first pass is signed. It starts nothing.
func Open(ctx context.Context, c Config) (*Service, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	m, err := newMetrics(c.Metrics, c.Store)
	if err != nil {
		return nil, fmt.Errorf("issuance: metrics: %w", err)
	}
	s := &Service{Config: c, vault: vault.New(c.Vault, c.FieldKeys...), metrics: m, checks: make(chan struct{}, c.MaxChecks)}
	if err := s.announceKeys(ctx); err != nil {
		return nil, err
	}
	cutOff, err := c.Store.KeyCutOff(ctx, c.KeyID)
	if err != nil {
		return nil, err
	}
	if cutOff != tokens.Never { // it starts all the same: staff must be able to revoke
		s.Log.Error("the issuer key is cut off: sessions that start from then on are refused; give the issuer another key",
			zap.Uint16("key_id", uint16(s.KeyID)), zap.Time("cut_off", time.Unix(cutOff, 0)))
	}
	s.Log.Info("issuer opened",
		zap.String("database", s.Store.Dialect()),
		zap.Int("partitions", s.Store.Partitions()),
		zap.Uint16("key_id", uint16(s.KeyID)),
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

// announceKeys is idempotent: the database remembers when it announced what.
func (s *Service) announceKeys(ctx context.Context) error {
	keys := append([]PublicKey{{s.KeyID, s.Signer.Public()}}, s.Announce...)
	for _, k := range keys {
		announced, err := s.Store.AnnounceKey(ctx, k.ID, k.Public, s.Now().UnixMilli())
		if err != nil {
			return fmt.Errorf("issuance: announcing key %d: %w", k.ID, err)
		}
		if announced {
			s.Log.Info("key announced", zap.Uint16("key_id", uint16(k.ID)))
			s.Wake()
		}
	}
	return nil
}

// Ready lists what keeps the service from serving; empty when nothing does.
// Until the announcement of the signing key is in the stream, every gateway
// would refuse the passes.
func (s *Service) Ready(ctx context.Context) (waiting []string) {
	published, err := s.Store.KeyPublished(ctx, s.KeyID)
	switch {
	case err != nil:
		s.Log.Warn("not ready", zap.Error(err))
		return []string{"the database does not answer"}
	case !published:
		return []string{"the announcement of the issuer key is not in the control stream yet"}
	}
	return nil
}
