package provider_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/test/fakeprovider"
	"github.com/railgate/railgate/test/harness/runtest"
)

const (
	bound    = 150 * time.Millisecond // timeout of a call to a service that does not answer
	slack    = 2 * time.Second        // tolerance for a busy machine
	patience = 5 * time.Second
	path     = "v1/checks"
	good     = `{"decision":"passed"}`
)

// mark is personal data in a request and in forged answers.
const mark = "标记姓名Markname"

type request struct {
	Name string `json:"name"`
}

type harness struct {
	*fakeprovider.Provider
	*provider.Client
	trace *fakeprovider.Trace
	read  int // number of answers passed to the read function
}

// newHarness starts a fake provider with a behavior, and a client of it. change may be nil.
func newHarness(t *testing.T, change func(*provider.Config), behavior ...fakeprovider.Behavior) *harness {
	t.Helper()
	fakeprovider.NoLeaks(t)
	h := &harness{Provider: fakeprovider.Start(t, behavior...), trace: fakeprovider.NewTrace(t)}
	h.Client = h.client(t, change)
	return h
}

func (h *harness) client(t *testing.T, change func(*provider.Config)) *provider.Client {
	t.Helper()
	config := provider.Config{
		Service: "test", URL: h.URL(), Secrets: []provider.Secret{fakeprovider.Secret("one")},
		Timeout: patience, Log: h.trace.Log, Metrics: h.trace.Metrics,
	}
	if change != nil {
		change(&config)
	}
	client, err := provider.New(config)
	runtest.Must(t, err)
	return client
}

// ask sends a request; only the answer "passed" is accepted.
func (h *harness) ask(ctx context.Context) error {
	err := h.Post(ctx, path, provider.NewID(), request{mark}, func(status int, body []byte) error {
		h.read++
		var answer struct {
			Decision string `json:"decision"`
		}
		if err := provider.ReadJSON(body, &answer); err != nil {
			return err
		}
		if status != http.StatusOK || answer.Decision != "passed" {
			return errors.New(mark)
		}
		return nil
	})
	h.trace.Error(err)
	return err
}

func (h *harness) count(t *testing.T, outcome string) float64 {
	t.Helper()
	return h.trace.Count(t, "railgate_issuer_provider_calls_total", "test", outcome)
}

func short(c *provider.Config) { c.Timeout = bound }

func TestValidAnswerIsPassedOn(t *testing.T) {
	h := newHarness(t, nil, fakeprovider.Answer(200, good))
	if err := h.ask(t.Context()); err != nil || h.read != 1 {
		t.Fatalf("%v, read %d", err, h.read)
	}
	calls := h.Calls()
	if len(calls) != 1 || calls[0].Path != "/v1/checks" || string(calls[0].Body) != `{"name":"`+mark+`"}` || calls[0].Request.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("the service was called with %+v", calls)
	}
	if h.count(t, "answered") != 1 {
		t.Error("the call is not counted")
	}
}

func TestBasePathIsKeptAndSigned(t *testing.T) {
	h := newHarness(t, nil, fakeprovider.Answer(200, good))
	h.Client = h.client(t, func(c *provider.Config) { c.URL += "/base%2Fof/"; c.Metrics = nil })
	runtest.Must(t, h.ask(t.Context()))
	if got := h.Calls()[0].Path; got != "/base%2Fof/v1/checks" {
		t.Fatalf("called at %s", got)
	}
}

func TestBrokenConnectionIsRetriedOnceWithTheSameID(t *testing.T) {
	h := newHarness(t, nil, fakeprovider.BreakOff, fakeprovider.Answer(200, good))
	runtest.Must(t, h.ask(t.Context()))
	calls := h.Calls()
	if len(calls) != 2 || calls[0].Signature.ID != calls[1].Signature.ID || string(calls[0].Body) != string(calls[1].Body) {
		t.Fatalf("the service was called %d times: %+v", len(calls), calls)
	}
	h.Do(fakeprovider.BreakOff)
	if err := h.ask(t.Context()); !errors.Is(err, provider.ErrBroken) || len(h.Calls()) != 4 {
		t.Fatalf("%v after %d requests in total, want 4", err, len(h.Calls()))
	}
	if h.Calls()[2].Signature.ID == calls[0].Signature.ID {
		t.Error("two requests have one id")
	}
}

// A service that began to answer may have acted, and an invalid answer would be invalid again.
func TestOtherFaultsAreNotRetried(t *testing.T) {
	for name, behavior := range map[string]fakeprovider.Behavior{
		"broke off in answer": fakeprovider.BreakOffLater(200, good), "invalid": fakeprovider.Unsigned(200, good), "silent": fakeprovider.Silent, "not HTTP": fakeprovider.Garbage("x"),
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, short, behavior)
			if err := h.ask(t.Context()); err == nil || len(h.Calls()) != 1 {
				t.Fatalf("%v after %d requests", err, len(h.Calls()))
			}
		})
	}
}

func TestUntrustedCertificateIsRefused(t *testing.T) {
	fakeprovider.NoLeaks(t)
	p := fakeprovider.StartTLS(t, fakeprovider.Answer(200, good))
	h := &harness{Provider: p, trace: fakeprovider.NewTrace(t)}
	h.Client = h.client(t, func(c *provider.Config) { c.Roots = p.Roots() })
	for range 2 { // the second resumes the session
		runtest.Must(t, h.ask(t.Context()))
	}
	h.Client = h.client(t, func(c *provider.Config) { c.Metrics = nil })
	if err := h.ask(t.Context()); !errors.Is(err, provider.ErrBroken) || !strings.Contains(err.Error(), "certificate") || len(p.Calls()) != 2 {
		t.Fatalf("a service with an untrusted certificate was called: %v", err)
	}
}

func TestRefusedConnectionIsReported(t *testing.T) {
	h := newHarness(t, nil, fakeprovider.Silent)
	h.Client = h.client(t, func(c *provider.Config) { c.URL = "http://127.0.0.1:1"; c.Metrics = nil })
	if err := h.ask(t.Context()); !errors.Is(err, provider.ErrBroken) || !strings.Contains(err.Error(), "refused") {
		t.Fatal(err)
	}
}

// The listener accepts the connection and never answers the TLS handshake.
func TestHandshakeWithoutAnswerTimesOut(t *testing.T) {
	h := newHarness(t, nil, fakeprovider.Silent)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	runtest.Must(t, err)
	defer listener.Close()
	h.Client = h.client(t, func(c *provider.Config) {
		c.URL, c.Timeout, c.Metrics = "https://"+listener.Addr().String(), bound, nil
	})
	start := time.Now()
	if err := h.ask(t.Context()); !errors.Is(err, provider.ErrTimeout) || time.Since(start) > bound+slack {
		t.Fatalf("%v after %v", err, time.Since(start))
	}
}

func TestTooLargeRequestIsNotSent(t *testing.T) {
	h := newHarness(t, nil, fakeprovider.Answer(200, good))
	err := h.Post(t.Context(), path, provider.NewID(), request{strings.Repeat("x", provider.MaxRequest)}, func(int, []byte) error { return nil })
	if !errors.Is(err, provider.ErrRequest) || len(h.Calls()) != 0 {
		t.Fatal(err)
	}
}
