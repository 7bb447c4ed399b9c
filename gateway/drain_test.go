package gateway_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
)

// slowKeys blocks a check of one key until it is released.
type slowKeys struct {
	tokens.Keys
	slow    tokens.KeyID
	entered chan struct{}
	release chan struct{}
}

func newSlowKeys() *slowKeys {
	return &slowKeys{slow: retiredKey, entered: make(chan struct{}, 1), release: make(chan struct{})}
}

func (k *slowKeys) Key(id tokens.KeyID) *tokens.Key {
	if id == k.slow {
		k.entered <- struct{}{}
		<-k.release
	}
	return k.Keys.Key(id)
}

// startSlowCheck sends a check that stays in progress until it is released.
func (s *harness) startSlowCheck(k *slowKeys) (answered chan answer) {
	s.t.Helper()
	answered = make(chan answer, 1)
	conn := s.dial()
	raw := post("/v1/check?scope=entry", "", signedBy(k.slow)(s))
	if _, err := conn.Write([]byte(raw)); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		defer close(answered)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err == nil {
			a := s.readResponse(response)
			a.header.Set("Connection", map[bool]string{true: "close", false: "keep-alive"}[response.Close])
			answered <- a
		}
	}()
	select {
	case <-k.entered:
	case <-time.After(maxWait):
		s.t.Fatal("the check did not start")
	}
	return answered
}

func TestDrainFinishesRequestsInProgress(t *testing.T) {
	t.Parallel()
	const delay = 2 * time.Second
	keys := newSlowKeys()
	s := start(t, setup{Config: gateway.Config{DrainDelay: delay}, configure: func(g *gateway.Gateway) { g.UseKeys(keys) }})
	keys.Keys = s.feed.Replica
	answered := s.startSlowCheck(keys)
	if status, r := s.readiness(); status != 200 || len(r.Waiting) != 0 {
		t.Fatalf("before the drain /readyz says %d %+v", status, r)
	}

	// First /readyz reports it, and requests are still served.
	stopped := time.Now()
	s.stop()
	runtest.Eventually(t, delay/2, "/readyz to report 503", func() bool { status, _ := s.readiness(); return status == 503 })
	_, r := s.readiness()
	if r.State != "fresh" || !slices.Equal(r.Waiting, []string{"shutting down: finishing the requests in progress"}) {
		t.Errorf("/readyz says %+v", r)
	}
	if a := s.send("GET", "/healthz", "", ""); a.status != 200 {
		t.Errorf("/healthz says %d while draining", a.status)
	}
	if v := s.check("entry", s.goodCode(7)).verdict(t); v.Reason != "ok" {
		t.Errorf("a request during the delay got %s", v.Reason)
	}
	if time.Since(stopped) >= delay {
		t.Fatalf("this machine took %v for steps that must finish within %v", time.Since(stopped), delay)
	}

	// Then new connections are refused, and requests in progress are finished.
	runtest.Eventually(t, maxWait, "the listener to close", func() bool {
		c, err := net.DialTimeout("tcp", s.address, maxWait)
		if err == nil {
			c.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	})
	if early := time.Since(stopped); early < delay {
		t.Errorf("the listener closed after %v, before the delay of %v", early, delay)
	}
	select {
	case err := <-s.served:
		t.Fatalf("Serve returned %v while a request was in progress", err)
	case <-answered:
		t.Fatal("the request in progress was answered before it was released")
	default:
	}
	close(keys.release)
	a, ok := <-answered
	if !ok {
		t.Fatal("the request in progress got no answer")
	}
	if v := a.verdict(t); v.Reason != "key_retired" || a.header.Get("Connection") != "close" {
		t.Errorf("the request in progress got %s and the connection %q", v.Reason, a.header.Get("Connection"))
	}
	s.expectServeReturns(maxWait)
}

func TestDrainIsBounded(t *testing.T) {
	t.Parallel()
	const bound = 300 * time.Millisecond
	keys := newSlowKeys()
	s := start(t, setup{Config: gateway.Config{DrainTimeout: bound}, configure: func(g *gateway.Gateway) { g.UseKeys(keys) }})
	keys.Keys = s.feed.Replica
	answered := s.startSlowCheck(keys)
	defer func() { close(keys.release); <-answered }()

	began := time.Now()
	s.stop()
	s.expectServeReturns(bound + 5*time.Second)
	if took := time.Since(began); took < bound {
		t.Errorf("Serve returned after %v without waiting %v for the request in progress", took, bound)
	}
	if !strings.Contains(s.log.String(), "drain timeout") {
		t.Errorf("the log does not report the open connection: %s", s.log)
	}
}

func TestIdleConnectionsDoNotDelayTheDrain(t *testing.T) {
	t.Parallel()
	s := start(t, setup{})
	_, in := s.sendRaw(post("/v1/check?scope=entry", "", s.goodCode(7)))
	s.stop()
	s.expectServeReturns(2 * time.Second)
	s.expectClosed(in)
}

func TestServeEndsIfCanceledBeforeItListens(t *testing.T) {
	// The cancellation may come before the server has registered its listener.
	for range 50 {
		s := newHarness(t, setup{})
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		go func() { s.served <- s.Serve(ctx, listener) }()
		s.expectServeReturns(5 * time.Second)
	}
}

// Other errors of Accept do not end Serve: see TestServingContinuesAfterAcceptErrors.
func TestServeEndsIfItsListenerIsClosed(t *testing.T) {
	s := newHarness(t, setup{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	if err := s.Serve(t.Context(), listener); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve returned %v", err)
	}
}
