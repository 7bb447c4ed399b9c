package keyring

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

func TestOldViewSignsNothing(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		in := h.newIssuer(0, key(1))
		h.publishAll()
		h.requireSigns(1, in)
		for age, good := range map[time.Duration]bool{maxAge: true, maxAge + time.Second: false} {
			in.age = func(time.Time) time.Duration { return age }
			if _, _, err := in.Current(in.clock()); (err == nil) != good {
				t.Errorf("a view that is %v old: %v", age, err)
			} else if !good {
				h.requireError(err, ErrNoKey, "the database was last read 31s ago")
			}
		}
		never, err := New(RingConfig{Store: h.Store, Keys: []Key{key(1)}})
		h.must(err)
		_, _, err = never.Current(time.Now())
		h.requireError(err, ErrNoKey, "not read yet")
	})
}

// Callers that were refused because of a cutoff refresh concurrently; each of them then
// knows the cutoff, and few queries reach the database.
func TestConcurrentCallersShareARefresh(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		in := h.startTwoKeys()
		h.advance(lead)
		h.requireSigns(2, in)
		before := in.begun.Load()
		h.distrust(2, time.Now())
		const many = 200
		var all sync.WaitGroup
		in.refreshing <- struct{}{} // a refresh is in progress
		arrived := make(chan struct{}, many)
		for range many {
			all.Go(func() {
				arrived <- struct{}{}
				if err := in.Refresh(t.Context()); err != nil {
					t.Error(err)
				}
				if id, _, err := in.Current(in.clock()); id != 1 || err != nil {
					t.Errorf("key %d, %v", id, err)
				}
			})
		}
		for range many {
			<-arrived
		}
		<-in.refreshing
		all.Wait()
		if looks := in.begun.Load() - before; looks == 0 || looks > many/2 {
			t.Errorf("%d refreshes for %d callers", looks, many)
		}
	})
}

// A key of the directory whose public part differs from the database's must not sign:
// every gate would refuse it.
func TestForeignKeyUnderAKnownIDDoesNotSign(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		h.newIssuer(0, key(1))
		h.publishAll()
		r, err := New(RingConfig{Store: h.Store, Keys: []Key{{1, key(7).Signer}}})
		h.must(err)
		h.requireError(r.Refresh(t.Context()), ErrBound, "key 1")
		_, _, err = r.Current(time.Now())
		h.requireError(err, ErrNoKey, "")
	})
}

// Run follows commands, logs each change once and sets the metric.
func TestRunFollowsCommands(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		core, logs := observer.New(zap.InfoLevel)
		metrics := prometheus.NewRegistry()
		r, err := New(RingConfig{Store: h.Store, Keys: []Key{key(1)}, Log: zap.New(core), Metrics: metrics})
		h.must(err)
		_, err = h.Bootstrap(t.Context(), key(1).Public(), h.by())
		h.must(err)
		h.announceDue()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- r.Run(ctx) }()
		runtest.Eventually(t, 5*time.Second, "the log line that no key is active", func() bool {
			return logs.FilterMessage("no session can be opened").Len() == 1
		})
		h.publishAll()
		runtest.Eventually(t, 5*time.Second, "the key to become active", func() bool { _, _, err := r.Current(time.Now()); return err == nil })
		stop()
		h.must(<-ended)
		if n := logs.FilterMessage("issuer key active").Len(); n != 1 || logs.Len() != 2 {
			t.Fatalf("%v", logs.All())
		}
		families, err := metrics.Gather()
		h.must(err)
		for _, f := range families {
			if f.GetName() == "railgate_issuer_signing_key" && f.GetMetric()[0].GetGauge().GetValue() == 1 {
				return
			}
		}
		t.Fatalf("the metrics do not show key 1: %v", families)
	})
}

// weakSigner is a module whose key is the identity.
type weakSigner struct{ signing.Signer }

func (weakSigner) Public() [tokens.PublicKeySize]byte { return [tokens.PublicKeySize]byte{1} }

func TestRingConfigIsChecked(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		for what, c := range map[string]RingConfig{
			"no store":     {Keys: []Key{key(1)}},
			"no key":       {Store: h.Store},
			"id 0":         {Store: h.Store, Keys: []Key{{0, key(1).Signer}}},
			"no signer":    {Store: h.Store, Keys: []Key{{ID: 1}}},
			"one id twice": {Store: h.Store, Keys: []Key{key(1), key(1)}},
			"a weak key":   {Store: h.Store, Keys: []Key{{2, weakSigner{}}}},
		} {
			if _, err := New(c); err == nil {
				t.Errorf("%s: accepted", what)
			}
		}
		for _, bad := range []time.Duration{-1, MaxLead + 1} {
			if _, err := NewStore(Config{Outbox: h.Outbox, Sessions: h.sessions, Lead: bad}); err == nil {
				t.Errorf("lead %v: accepted", bad)
			}
		}
		if first, err := h.Bootstrap(t.Context(), key(1).Public(), h.by()); !first || err != nil {
			t.Fatalf("first %v, %v", first, err)
		}
		if first, err := h.Bootstrap(t.Context(), key(2).Public(), h.by()); first || err != nil {
			t.Fatalf("a second first key: %v, %v", first, err)
		}
	})
}
