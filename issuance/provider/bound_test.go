package provider_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/test/fakeprovider"
	"github.com/railgate/railgate/test/harness/runtest"
)

// A call ends with the caller's context if that ends before the client's timeout, and returns its error.
func TestCallEndsWithTheCallersContext(t *testing.T) {
	h := newHarness(t, nil, fakeprovider.Silent)
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	start := time.Now()
	if err := h.ask(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > bound+slack {
		t.Fatalf("%v after %v", err, time.Since(start))
	}
	if h.count(t, "timeout") != 1 {
		t.Error("the call is not counted as a timeout")
	}
	if err := h.ask(ctx); !errors.Is(err, context.DeadlineExceeded) || len(h.Calls()) != 1 {
		t.Fatalf("a call with an ended context was sent: %v", err)
	}
	if h.count(t, "timeout") != 1 {
		t.Error("a call that was not sent is counted as a timeout")
	}
}

func TestCanceledCallIsNoFaultOfTheService(t *testing.T) {
	h := newHarness(t, func(c *provider.Config) { c.Faults = 1 }, fakeprovider.Silent)
	for i := range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		canceled := make(chan error, 1)
		go func() { canceled <- h.ask(ctx) }()
		runtest.Eventually(t, patience, "the request to arrive", func() bool { return len(h.Calls()) == i+1 })
		cancel()
		if err := <-canceled; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if h.count(t, "left") != 3 || h.trace.Count(t, "railgate_issuer_provider_breaker") != 0 {
		t.Error("the breaker is not closed, or canceled calls are not counted")
	}
}

func TestFailingServiceIsNotCalledUntilTheProbe(t *testing.T) {
	var mu sync.Mutex
	now := time.Now()
	move := func(d time.Duration) { mu.Lock(); now = now.Add(d); mu.Unlock() }
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	h := newHarness(t, func(c *provider.Config) { c.Faults, c.Pause, c.Now = 3, 20*time.Second, clock }, fakeprovider.Unsigned(200, good))
	for range 3 {
		if err := h.ask(t.Context()); !errors.Is(err, provider.ErrAnswer) {
			t.Fatal(err)
		}
	}
	start := time.Now()
	for range 10 {
		if err := h.ask(t.Context()); !errors.Is(err, provider.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	if took := time.Since(start); took > slack || len(h.Calls()) != 3 {
		t.Fatalf("ten refusals took %v and %d requests", took, len(h.Calls())-3)
	}
	if h.count(t, "open") != 10 || h.trace.Count(t, "railgate_issuer_provider_breaker") != 2 {
		t.Error("refused calls or the open breaker are not counted")
	}
	move(20 * time.Second)
	h.Do(fakeprovider.Answer(200, good))
	if err := h.ask(t.Context()); err != nil {
		t.Fatalf("the probe: %v", err)
	}
	if h.trace.Count(t, "railgate_issuer_provider_breaker") != 0 {
		t.Error("the breaker did not close after a good probe")
	}
	h.trace.Free(t, mark)
}

func TestConcurrentCallsAreBounded(t *testing.T) {
	gate := make(chan struct{})
	h := newHarness(t, func(c *provider.Config) { c.Calls = 3 }, fakeprovider.After(gate, fakeprovider.Answer(200, good)))
	done := make(chan error, 3)
	accept := func(int, []byte) error { return nil }
	for range 3 {
		go func() { done <- h.Post(t.Context(), path, provider.NewID(), request{mark}, accept) }()
	}
	runtest.Eventually(t, patience, "three requests", func() bool { return len(h.Calls()) == 3 })
	start := time.Now()
	if err := h.ask(t.Context()); !errors.Is(err, provider.ErrUnavailable) || time.Since(start) > slack {
		t.Fatalf("%v after %v", err, time.Since(start))
	}
	close(gate)
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if err := h.ask(t.Context()); err != nil {
		t.Fatalf("after the others: %v", err)
	}
	if h.count(t, "full") != 1 {
		t.Error("the refused call is not counted")
	}
}
