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
	bound    = 200 * time.Millisecond // of a check that nobody decides
	slack    = 2 * time.Second        // what a busy machine may add
	patience = 5 * time.Second

	passed = `{"decision":"passed"}`
	failed = `{"decision":"failed"}`
	later  = `{"decision":"later"}`

	callbackPath = "/v1/face-check/callback"
)

// marked is a person whose every datum is a mark, and so is his evidence.
var marked = provider.Person{Name: "标记姓名Markname", Document: identity.ResidentID, Number: "11010519491231002X"}

const evidence = "markevidence-7c1d"

var marks = []string{"标记", "Markname", "110105", "markevidence"}

// system is a checker with its callback on a port, and a provider.
type system struct {
	*facecheck.HTTPChecker
	provider *fakeprovider.Provider
	callback string // URL
	trace    *fakeprovider.Trace
	contract *contract
}

func newSystem(t *testing.T, change func(*facecheck.Config), behavior ...fakeprovider.Behavior) *system {
	t.Helper()
	fakeprovider.NoLeaks(t)
	w := &system{provider: fakeprovider.Start(t, behavior...), trace: fakeprovider.NewTrace(t), contract: theContract(t)}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	w.callback = server.URL + callbackPath
	config := facecheck.Config{
		Client: provider.Config{
			URL: w.provider.URL(), Secrets: []provider.Secret{fakeprovider.Secret("one")},
			Timeout: patience, Log: w.trace.Log, Metrics: w.trace.Metrics,
		},
		CallbackURL: w.callback, Label: "test provider",
	}
	if change != nil {
		change(&config)
	}
	var err error
	if w.HTTPChecker, err = facecheck.NewHTTP(config); err != nil {
		t.Fatal(err)
	}
	mux.Handle("/", w.Callback())
	t.Cleanup(func() {
		for _, call := range w.provider.Calls() {
			w.contract.asked(t, call.Body)
		}
		w.trace.Free(t, marks...)
	})
	return w
}

// check asks about the marked person within a bound.
func (w *system) check(t *testing.T, within time.Duration) (facecheck.Result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	start := time.Now()
	r, err := w.Check(ctx, marked, evidence)
	if took := time.Since(start); took > within+slack {
		t.Errorf("it took %v", took)
	}
	if err != nil && r != (facecheck.Result{}) {
		t.Errorf("an error, and still %+v", r)
	}
	w.trace.Error(err)
	return r, err
}

// decides fails the test unless the check is decided so.
func (w *system) decides(t *testing.T, want bool) {
	t.Helper()
	if r, err := w.check(t, patience); err != nil || r.Passed != want || r.Label != "test provider" {
		t.Errorf("%+v, %v, want passed %v", r, err, want)
	}
}

// undecided fails the test unless the check ends with the error.
func (w *system) undecided(t *testing.T, within time.Duration, want error) {
	t.Helper()
	if r, err := w.check(t, within); !errors.Is(err, want) || r.Passed {
		t.Errorf("%+v, %v, want %v", r, err, want)
	}
}

func (w *system) counted(t *testing.T, outcome string, want float64) {
	t.Helper()
	if got := w.trace.Count(t, "railgate_issuer_face_callbacks_total", outcome); got != want {
		t.Errorf("%s: %v callbacks, want %v", outcome, got, want)
	}
}

// said is the body of a callback.
func said(id provider.ID, decision string) []byte {
	return []byte(`{"request":"` + id.String() + `","decision":"` + decision + `"}`)
}

// tell sends callbacks that must each be answered so.
func (w *system) tell(t *testing.T, want int, id provider.ID, decisions ...string) {
	t.Helper()
	for _, d := range decisions {
		body := said(id, d)
		w.contract.told(t, body)
		if status, answer := fakeprovider.Send(t, w.provider.Keys, w.callback, body, time.Now()); status != want || string(answer) != "{}" {
			t.Errorf("the callback %s was answered %d %s, want %d", d, status, answer, want)
		}
	}
}

// thenTell answers as then does and, when that is sent, calls back. A handler's
// answer leaves when it returns, so the callback goes out beside it; over is
// closed when it was answered.
func (w *system) thenTell(t *testing.T, over chan<- struct{}, want int, then fakeprovider.Behavior, decisions ...string) fakeprovider.Behavior {
	return func(p *fakeprovider.Provider, out http.ResponseWriter, c fakeprovider.Call) {
		then(p, out, c)
		out.(http.Flusher).Flush()
		w.tell(t, want, c.Signature.ID, decisions...)
		close(over)
	}
}

// tellThen calls back before it answers.
func (w *system) tellThen(t *testing.T, then fakeprovider.Behavior, decisions ...string) fakeprovider.Behavior {
	return func(p *fakeprovider.Provider, out http.ResponseWriter, c fakeprovider.Call) {
		w.tell(t, http.StatusOK, c.Signature.ID, decisions...)
		then(p, out, c)
	}
}

// asked decodes what the provider was asked.
func asked(t *testing.T, c fakeprovider.Call) (q map[string]string) {
	t.Helper()
	if err := json.Unmarshal(c.Body, &q); err != nil {
		t.Fatal(err)
	}
	return q
}
