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

func TestNothingIsSignedByAnOldView(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		in := w.issuer(0, key(1))
		w.emptied()
		w.signs(1, in)
		for age, good := range map[time.Duration]bool{maxAge: true, maxAge + time.Second: false} {
			in.age = func(time.Time) time.Duration { return age }
			if _, _, err := in.Current(in.clock()); (err == nil) != good {
				t.Errorf("a view that is %v old: %v", age, err)
			} else if !good {
				w.refused(err, ErrNoKey, "the database last said 31s ago")
			}
		}
		never, err := New(RingConfig{Store: w.Store, Keys: []Key{key(1)}})
		w.must(err)
		_, _, err = never.Current(time.Now())
		w.refused(err, ErrNoKey, "not asked yet")
	})
}

// Whoever was refused because of a cut-off looks again, many at once; each knows of
// it afterwards, and few questions reach the database.
func TestManyLookAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		in := w.two()
		w.passes(lead)
		w.signs(2, in)
		before := in.begun.Load()
		w.cutoff(2, time.Now())
		const many = 200
		var all sync.WaitGroup
		in.looking <- struct{}{} // somebody is looking already
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
		<-in.looking
		all.Wait()
		if looks := in.begun.Load() - before; looks == 0 || looks > many/2 {
			t.Errorf("%d looks for %d callers", looks, many)
		}
	})
}

// A key of the directory that is another one in the database must not sign: every
// gate would refuse it.
func TestForeignKeyUnderAKnownID(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		w.issuer(0, key(1))
		w.emptied()
		r, err := New(RingConfig{Store: w.Store, Keys: []Key{{1, key(7).Signer}}})
		w.must(err)
		w.refused(r.Refresh(t.Context()), ErrBound, "key 1")
		_, _, err = r.Current(time.Now())
		w.refused(err, ErrNoKey, "")
	})
}

// Run follows what is ordered, says it once, and shows it.
func TestRunFollowsAndTells(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		core, logs := observer.New(zap.InfoLevel)
		metrics := prometheus.NewRegistry()
		r, err := New(RingConfig{Store: w.Store, Keys: []Key{key(1)}, Log: zap.New(core), Metrics: metrics})
		w.must(err)
		_, err = w.Bootstrap(t.Context(), key(1).Public(), w.by())
		w.must(err)
		w.announced()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- r.Run(ctx) }()
		runtest.Eventually(t, 5*time.Second, "it to say that no key is in service", func() bool {
			return logs.FilterMessage("no session can be opened").Len() == 1
		})
		w.emptied()
		runtest.Eventually(t, 5*time.Second, "the key to be in service", func() bool { _, _, err := r.Current(time.Now()); return err == nil })
		stop()
		w.must(<-ended)
		if n := logs.FilterMessage("issuer key active").Len(); n != 1 || logs.Len() != 2 {
			t.Fatalf("%v", logs.All())
		}
		families, err := metrics.Gather()
		w.must(err)
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

func TestRingNeedsItsParts(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		for what, c := range map[string]RingConfig{
			"no store":     {Keys: []Key{key(1)}},
			"no key":       {Store: w.Store},
			"id 0":         {Store: w.Store, Keys: []Key{{0, key(1).Signer}}},
			"no signer":    {Store: w.Store, Keys: []Key{{ID: 1}}},
			"one id twice": {Store: w.Store, Keys: []Key{key(1), key(1)}},
			"a weak key":   {Store: w.Store, Keys: []Key{{2, weakSigner{}}}},
		} {
			if _, err := New(c); err == nil {
				t.Errorf("%s: taken", what)
			}
		}
		for _, bad := range []time.Duration{-1, MaxLead + 1} {
			if _, err := NewStore(Config{Outbox: w.Outbox, Sessions: w.sessions, Lead: bad}); err == nil {
				t.Errorf("lead %v: taken", bad)
			}
		}
		if first, err := w.Bootstrap(t.Context(), key(1).Public(), w.by()); !first || err != nil {
			t.Fatalf("first %v, %v", first, err)
		}
		if first, err := w.Bootstrap(t.Context(), key(2).Public(), w.by()); first || err != nil {
			t.Fatalf("a second first key: %v, %v", first, err)
		}
	})
}
