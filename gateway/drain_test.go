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

// slowKeys holds a check of one key until it is released.
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

// atHand sends a check that stays at hand until it is released.
func (s *station) atHand(k *slowKeys) (answered chan answer) {
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
			a := s.read(response)
			a.header.Set("Connection", map[bool]string{true: "close", false: "keep-alive"}[response.Close])
			answered <- a
		}
	}()
	select {
	case <-k.entered:
	case <-time.After(patience):
		s.t.Fatal("the check never began")
	}
	return answered
}

func TestDrain(t *testing.T) {
	t.Parallel()
	const delay = 2 * time.Second
	keys := newSlowKeys()
	s := open(t, plan{Config: gateway.Config{DrainDelay: delay}, prepare: func(g *gateway.Gateway) { g.UseKeys(keys) }})
	keys.Keys = s.feed.Replica
	answered := s.atHand(keys)
	if status, r := s.readiness(); status != 200 || len(r.Waiting) != 0 {
		t.Fatalf("before the drain /readyz says %d %+v", status, r)
	}

	// First it says so, and goes on serving for those who have not heard.
	told := time.Now()
	s.shut()
	runtest.Eventually(t, delay/2, "/readyz to turn", func() bool { status, _ := s.readiness(); return status == 503 })
	_, r := s.readiness()
	if r.State != "fresh" || !slices.Equal(r.Waiting, []string{"shutting down: finishing the requests at hand"}) {
		t.Errorf("/readyz says %+v", r)
	}
	if a := s.ask("GET", "/healthz", "", ""); a.status != 200 {
		t.Errorf("/healthz says %d while draining", a.status)
	}
	if v := s.check("entry", s.goodCode(7)).verdict(t); v.Reason != "ok" {
		t.Errorf("a request during the delay got %s", v.Reason)
	}
	if time.Since(told) >= delay {
		t.Fatalf("this machine took %v for what must happen within %v", time.Since(told), delay)
	}

	// Then nobody new comes in, and who is at hand is finished.
	runtest.Eventually(t, patience, "the listener to close", func() bool {
		c, err := net.DialTimeout("tcp", s.address, patience)
		if err == nil {
			c.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	})
	if early := time.Since(told); early < delay {
		t.Errorf("the listener closed after %v, before the delay of %v", early, delay)
	}
	select {
	case err := <-s.served:
		t.Fatalf("Serve returned %v while a request was at hand", err)
	case <-answered:
		t.Fatal("the request at hand was answered before it was done")
	default:
	}
	close(keys.release)
	a, ok := <-answered
	if !ok {
		t.Fatal("the request at hand got no answer")
	}
	if v := a.verdict(t); v.Reason != "key_retired" || a.header.Get("Connection") != "close" {
		t.Errorf("the request at hand got %s and the connection %q", v.Reason, a.header.Get("Connection"))
	}
	s.serveReturns(patience)
}

func TestDrainIsBounded(t *testing.T) {
	t.Parallel()
	const bound = 300 * time.Millisecond
	keys := newSlowKeys()
	s := open(t, plan{Config: gateway.Config{DrainTimeout: bound}, prepare: func(g *gateway.Gateway) { g.UseKeys(keys) }})
	keys.Keys = s.feed.Replica
	answered := s.atHand(keys)
	defer func() { close(keys.release); <-answered }()

	began := time.Now()
	s.shut()
	s.serveReturns(bound + 5*time.Second)
	if took := time.Since(began); took < bound {
		t.Errorf("Serve returned after %v and did not wait %v for the request at hand", took, bound)
	}
	if !strings.Contains(s.log.String(), "did not end in time") {
		t.Errorf("the log does not say that a connection was left: %s", s.log)
	}
}

func TestIdleConnectionsDoNotHoldTheDrain(t *testing.T) {
	t.Parallel()
	s := open(t, plan{})
	_, in := s.wire(post("/v1/check?scope=entry", "", s.goodCode(7)))
	s.shut()
	s.serveReturns(2 * time.Second)
	s.ends(in)
}

func TestAGatewayThatIsToldToStopAtOnceStops(t *testing.T) {
	// The order may come before the server has taken up its listener.
	for range 50 {
		s := prepare(t, plan{})
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		go func() { s.served <- s.Serve(ctx, listener) }()
		s.serveReturns(5 * time.Second)
	}
}

// Other errors of Accept end nothing: see TestServingOutlivesAcceptErrors.
func TestAListenerThatIsClosedEndsServe(t *testing.T) {
	s := prepare(t, plan{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	if err := s.Serve(t.Context(), listener); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve returned %v", err)
	}
}
