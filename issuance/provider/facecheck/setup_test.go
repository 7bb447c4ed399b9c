package facecheck_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/test/fakeprovider"
)

const (
	bound    = 200 * time.Millisecond // timeout of a check without a decision
	slack    = 2 * time.Second        // tolerance for a busy machine
	patience = 5 * time.Second

	passed = `{"decision":"passed"}`
	failed = `{"decision":"failed"}`
	later  = `{"decision":"later"}`

	callbackPath = "/v1/face-check/callback"
)

// marked is a person whose data, like the evidence, must not appear in errors or logs.
var marked = provider.Person{Name: "标记姓名Markname", Document: identity.ResidentID, Number: "11010519491231002X"}

const evidence = "markevidence-7c1d"

var marks = []string{"标记", "Markname", "110105", "markevidence"}

// harness is a checker, its callback server, and a fake provider.
type harness struct {
	*facecheck.HTTPChecker
	provider *fakeprovider.Provider
	callback string // URL
	trace    *fakeprovider.Trace
	contract *contract
}

func newHarness(t *testing.T, change func(*facecheck.Config), behavior ...fakeprovider.Behavior) *harness {
	t.Helper()
	fakeprovider.NoLeaks(t)
	h := &harness{provider: fakeprovider.Start(t, behavior...), trace: fakeprovider.NewTrace(t), contract: theContract(t)}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	h.callback = server.URL + callbackPath
	config := facecheck.Config{
		Client: provider.Config{
			URL: h.provider.URL(), Secrets: []provider.Secret{fakeprovider.Secret("one")},
			Timeout: patience, Log: h.trace.Log, Metrics: h.trace.Metrics,
		},
		CallbackURL: h.callback, Label: "test provider",
	}
	if change != nil {
		change(&config)
	}
	var err error
	if h.HTTPChecker, err = facecheck.NewHTTP(config); err != nil {
		t.Fatal(err)
	}
	mux.Handle("/", h.Callback())
	t.Cleanup(func() {
		for _, call := range h.provider.Calls() {
			h.contract.checkRequest(t, call.Body)
		}
		h.trace.Free(t, marks...)
	})
	return h
}

// check checks the marked person within a time bound.
func (h *harness) check(t *testing.T, within time.Duration) (facecheck.Result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	start := time.Now()
	r, err := h.Check(ctx, marked, evidence)
	if took := time.Since(start); took > within+slack {
		t.Errorf("the check took %v", took)
	}
	if err != nil && r != (facecheck.Result{}) {
		t.Errorf("a result %+v beside the error %v", r, err)
	}
	h.trace.Error(err)
	return r, err
}

// mustDecide fails the test unless the check is decided as wanted.
func (h *harness) mustDecide(t *testing.T, want bool) {
	t.Helper()
	if r, err := h.check(t, patience); err != nil || r.Passed != want || r.Label != "test provider" {
		t.Errorf("%+v, %v, want passed %v", r, err, want)
	}
}

// mustFail fails the test unless the check ends with the error.
func (h *harness) mustFail(t *testing.T, within time.Duration, want error) {
	t.Helper()
	if r, err := h.check(t, within); !errors.Is(err, want) || r.Passed {
		t.Errorf("%+v, %v, want %v", r, err, want)
	}
}

func (h *harness) counted(t *testing.T, outcome string, want float64) {
	t.Helper()
	if got := h.trace.Count(t, "railgate_issuer_face_callbacks_total", outcome); got != want {
		t.Errorf("%s: %v callbacks, want %v", outcome, got, want)
	}
}

// callbackBody is the body of a callback.
func callbackBody(id provider.ID, decision string) []byte {
	return []byte(`{"request":"` + id.String() + `","decision":"` + decision + `"}`)
}

// sendCallbacks sends callbacks and asserts the status of each answer.
func (h *harness) sendCallbacks(t *testing.T, want int, id provider.ID, decisions ...string) {
	t.Helper()
	for _, d := range decisions {
		body := callbackBody(id, d)
		h.contract.checkCallback(t, body)
		if status, answer := fakeprovider.Send(t, h.provider.Keys, h.callback, body, time.Now()); status != want || string(answer) != "{}" {
			t.Errorf("the callback %s was answered %d %s, want %d", d, status, answer, want)
		}
	}
}

// answerThenCall answers as then does, flushes the answer, and then sends the callbacks. It closes done after the
// last callback.
func (h *harness) answerThenCall(t *testing.T, done chan<- struct{}, want int, then fakeprovider.Behavior, decisions ...string) fakeprovider.Behavior {
	return func(p *fakeprovider.Provider, out http.ResponseWriter, c fakeprovider.Call) {
		then(p, out, c)
		out.(http.Flusher).Flush()
		h.sendCallbacks(t, want, c.Signature.ID, decisions...)
		close(done)
	}
}

// callThenAnswer sends the callbacks before it answers.
func (h *harness) callThenAnswer(t *testing.T, then fakeprovider.Behavior, decisions ...string) fakeprovider.Behavior {
	return func(p *fakeprovider.Provider, out http.ResponseWriter, c fakeprovider.Call) {
		h.sendCallbacks(t, http.StatusOK, c.Signature.ID, decisions...)
		then(p, out, c)
	}
}

// requestOf decodes the request to the provider.
func requestOf(t *testing.T, c fakeprovider.Call) (q map[string]string) {
	t.Helper()
	if err := json.Unmarshal(c.Body, &q); err != nil {
		t.Fatal(err)
	}
	return q
}
