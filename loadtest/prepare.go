package loadtest

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
	"github.com/railgate/railgate/tokens/tokentest"
)

// prepare waits for the gateway, revokes real credentials and makes passes.
func prepare(ctx context.Context, c *Config, gate *gate, progress io.Writer) (*stock, *hdrhistogram.Histogram, error) {
	if err := gate.ready(ctx); err != nil {
		return nil, nil, err
	}
	s, revocation := &stock{}, newHistogram()
	var err error
	if c.Mix[Revoked] > 0 {
		fmt.Fprintf(progress, "revoking %d credentials made for it\n", c.Revoked)
		s.revoked, revocation, err = revokeAll(ctx, newIssuer(c.Target.Issuer, c.Target.Staff), gate, c.Revoked, c.Seed)
		if err != nil {
			return nil, nil, err
		}
		l := latency("", revocation)
		fmt.Fprintf(progress, "revoked → refused: p50 %s  p90 %s  p99 %s  max %s\n", l.show(2, l.P50), l.show(10, l.P90), l.show(100, l.P99), l.show(1, l.Max))
	}
	arrivals, fresh := c.schedule().Count()
	if fresh > MaxPasses {
		return nil, nil, fmt.Errorf("rate and duration need %d fresh passes, and %d is the most: lower one of them", fresh, MaxPasses)
	}
	fmt.Fprintf(progress, "making %d passes for %d arrivals\n", fresh, arrivals)
	begun := time.Now()
	issuer := tokentest.Issuer{ID: c.Target.LoadKey.ID, Signer: signing.NewKey(c.Target.LoadKey.Seed)}
	now, salt, until := begun.Unix(), saltOf(begun), horizon(c.run())
	s.fresh, err = mint(ctx, issuer, batch{count: fresh, salt: salt, oldest: sessionLife - until, until: until}, now)
	if err != nil {
		return nil, nil, err
	}
	s.old, err = mint(ctx, issuer, batch{
		count: oldSessions, salt: salt + uint32(fresh), youngest: minOldAge, oldest: sessionLife - until, until: sessionLife,
	}, now)
	if err != nil {
		return nil, nil, err
	}
	if took := time.Since(begun); took > PrepareWait {
		return nil, nil, fmt.Errorf("making %d passes took %v, and %v is the most: lower rate or duration", fresh, took.Round(time.Second), PrepareWait)
	}
	return s, revocation, probe(gate, s)
}

// probe shows one code of our own: if the gateway does not know the load key,
// it is better said now, and once.
func probe(gate *gate, s *stock) error {
	now := time.Now().Unix()
	code := s.old.code(0, s.old.step(0, now))
	asker := gate.asker()
	defer asker.close()
	got, err := asker.ask(&code)
	switch {
	case err != nil:
		return fmt.Errorf("a first check at %s failed: %w", gate.base, err)
	case got.reason == tokens.ReasonUnknownKey:
		return fmt.Errorf("the gateway does not know load key %d: put the entry that -new-key printed into the issuers' settings and start them again; in test environments only", code.KeyID())
	case got.reason != tokens.ReasonOK:
		return fmt.Errorf("the gateway refuses a first good code: %s", got.reason)
	}
	return nil
}
