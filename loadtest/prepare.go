package loadtest

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
	"github.com/railgate/railgate/tokens/tokentest"
)

// prepare waits for the gateway, revokes real credentials and makes the passes.
func prepare(ctx context.Context, c *Config, gate *gate, progress io.Writer) (*pool, *hdrhistogram.Histogram, error) {
	if err := gate.ready(ctx); err != nil {
		return nil, nil, err
	}
	p, revocation := &pool{}, newHistogram()
	var err error
	if c.Mix[Revoked] > 0 {
		fmt.Fprintf(progress, "revoking %d credentials made for this run\n", c.Revoked)
		p.revoked, revocation, err = revokeAll(ctx, &c.Target, gate, c.Revoked, c.Seed)
		if err != nil {
			return nil, nil, err
		}
		l := latency("", revocation)
		fmt.Fprintf(progress, "revoked → refused: p50 %s  p90 %s  p99 %s  max %s\n", l.show(2, l.P50), l.show(10, l.P90), l.show(100, l.P99), l.show(1, l.Max))
	}
	arrivals, fresh := c.schedule().Count()
	if fresh > MaxPasses {
		return nil, nil, fmt.Errorf("rate and duration need %d fresh passes, more than the maximum of %d: lower one of them", fresh, MaxPasses)
	}
	fmt.Fprintf(progress, "making %d passes for %d arrivals\n", fresh, arrivals)
	begun := time.Now()
	issuer := tokentest.Issuer{ID: c.Target.LoadKey.ID, Signer: signing.NewKey(c.Target.LoadKey.Seed)}
	now, salt, until := begun.Unix(), saltOf(begun), horizon(c.run())
	p.fresh, err = mint(ctx, issuer, batch{count: fresh, salt: salt, oldest: sessionLife - until, until: until}, now)
	if err != nil {
		return nil, nil, err
	}
	p.old, err = mint(ctx, issuer, batch{
		count: oldSessions, salt: salt + uint32(fresh), youngest: minOldAge, oldest: sessionLife - until, until: sessionLife,
	}, now)
	if err != nil {
		return nil, nil, err
	}
	if took := time.Since(begun); took > PrepareWait {
		return nil, nil, fmt.Errorf("making %d passes took %v, more than the maximum of %v: lower rate or duration", fresh, took.Round(time.Second), PrepareWait)
	}
	return p, revocation, nil
}

const (
	// revokers is how many credentials are applied for and revoked concurrently.
	revokers = 8
	// pollEvery is the pause between two checks whether a revocation has arrived: the
	// resolution of that latency, at a negligible load.
	pollEvery = 5 * time.Millisecond
	// personTries is how many fictitious persons are tried: an earlier run may have used
	// up a person's monthly quota.
	personTries = 3
)

// newIssuer returns a client of the issuer. It uses no proxy and follows no redirect, so
// credentials go only to the configured host.
func newIssuer(base string) *passenger.Client {
	return passenger.New(base, passenger.HTTP(&http.Client{
		Timeout:       IssuerTimeout,
		Transport:     &http.Transport{MaxIdleConnsPerHost: revokers},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}))
}

// revokeAll makes count real credentials, waits until each is allowed, revokes it, and
// waits until it is denied. Latency is from the sending of the revocation to the sending
// of the first check that is denied.
func revokeAll(ctx context.Context, t *Target, gate *gate, count int, seed uint64) (*sessions, *hdrhistogram.Histogram, error) {
	issuer := newIssuer(t.Issuer)
	revoked, latency := newSessions(count, tokens.Length), newHistogram()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex // latency
	var wg sync.WaitGroup
	for w := range min(revokers, count) {
		wg.Go(func() {
			// The seed includes the clock: the persons of an earlier run have used their quota.
			random := rand.New(rand.NewPCG(seed^uint64(time.Now().UnixNano()), uint64(w)))
			client := gate.newClient()
			defer client.close()
			for n := w; n < count && ctx.Err() == nil; n += revokers {
				s, took, err := revokeOne(ctx, issuer, t.Staff, client, random)
				if err != nil {
					cancel(fmt.Errorf("credential %d of %d: %w", n+1, count, err))
					return
				}
				revoked.put(n, &s.Pass, s.Start, s.Links, 0)
				mu.Lock()
				record(latency, took)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return revoked, latency, context.Cause(ctx)
}

func revokeOne(ctx context.Context, issuer *passenger.Client, staff string, client *client, random *rand.Rand) (*passenger.Session, time.Duration, error) {
	var seed tokens.Link
	for b := range seed {
		seed[b] = byte(random.Uint32())
	}
	var s *passenger.Session
	var err error
	for range personTries {
		s, err = issuer.Open(ctx, passenger.Resident(passenger.LoadTest, random.IntN(passenger.People)), seed)
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return nil, 0, err
	}
	if _, err := waitForReason(ctx, client, s, tokens.ReasonOK); err != nil {
		return nil, 0, fmt.Errorf("serial %s before its revocation: %w", s.Of.Serial, err)
	}
	sent := time.Now()
	if err := issuer.Revoke(ctx, s.Of.Serial, staff); err != nil {
		return nil, 0, fmt.Errorf("serial %s: %w", s.Of.Serial, err)
	}
	refused, err := waitForReason(ctx, client, s, tokens.ReasonRevoked)
	if err != nil {
		return nil, 0, fmt.Errorf("serial %s after its revocation: %w", s.Of.Serial, err)
	}
	return s, refused.Sub(sent), nil
}

// waitForReason checks the session's current code until the gateway answers want, and
// returns when the deciding check was sent.
func waitForReason(ctx context.Context, a *client, s *passenger.Session, want tokens.Reason) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, RevokeWait)
	defer cancel()
	var last error
	for {
		now := time.Now()
		code := s.Code(max(0, s.Step(now)))
		got, err := a.check(&code)
		switch {
		case err != nil:
			last = err
		case got.reason == want:
			return now, nil
		default:
			last = fmt.Errorf("the gateway answers %s", got.reason)
		}
		select {
		case <-ctx.Done():
			return now, fmt.Errorf("no %s within %v: %w", want, RevokeWait, last)
		case <-time.After(pollEvery):
		}
	}
}
