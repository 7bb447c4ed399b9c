package httpapi_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/httpapi"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/test/harness/runtest"
)

// 200 concurrent passengers are approved and each opens one session with one check. Serials
// are unique and their indexes have no gap. The store's tests cover callers that compete for
// one application and one check.
func TestConcurrentPassengers(t *testing.T) {
	const passengers = 200
	// A slot is released shortly after the response, when the passenger's next request may
	// already have arrived.
	w := newSystem(t, setup{maxInFlight: 2 * passengers, maxChecks: 2 * passengers})
	serials := make([]string, passengers)
	var all sync.WaitGroup
	for i := range passengers {
		all.Go(func() {
			h := w.apply()
			check := h.passCheck()
			serials[i] = h.Serial
			h.openHosted(check)
			wantProblem(t, w.call("POST", h.path("/sessions"), h.Token, object{"check": check, "mode": "hosted"}), http.StatusConflict, "real_person_check_required")
		})
	}
	all.Wait()
	seen := make(map[int]bool)
	for _, serial := range serials {
		_, index, ok := strings.Cut(serial, "-")
		n, err := strconv.Atoi(index)
		if !ok || err != nil || seen[n] || n >= passengers {
			t.Fatalf("serial %q is out of range or a duplicate", serial)
		}
		seen[n] = true
	}
}

// hanging is a face-check provider that ignores its context and does not return.
type hanging struct{ entered, release chan struct{} }

func newHanging() hanging { return hanging{make(chan struct{}, 8), make(chan struct{})} }

func (h hanging) Check(context.Context, provider.Person, string) (facecheck.Result, error) {
	h.entered <- struct{}{}
	<-h.release
	return facecheck.Result{Passed: true}, nil
}
func (hanging) Label() string { return "hanging" }

// A hanging provider is abandoned at the timeout, and its late result approves nothing.
func TestHangingProviderTimesOut(t *testing.T) {
	provider := newHanging()
	w := newSystem(t, setup{checker: provider, checkTimeout: 20 * time.Millisecond})
	h := w.apply()
	wantProblem(t, w.call("POST", h.path("/checks"), h.Token, object{"evidence": "x"}), http.StatusGatewayTimeout, "real_person_check_timeout")
	close(provider.release)
	h.wantStatus("submitted")
}

// While the provider hangs, checks beyond their limit are refused immediately; other
// requests are served.
func TestHangingProviderBlocksOnlyChecks(t *testing.T) {
	provider := newHanging()
	w := newSystem(t, setup{checker: provider, checkTimeout: 20 * time.Millisecond, maxChecks: 1})
	h := w.apply()
	wantProblem(t, w.call("POST", h.path("/checks"), h.Token, object{"evidence": "x"}), http.StatusGatewayTimeout, "real_person_check_timeout")
	wantProblem(t, w.call("POST", h.path("/checks"), h.Token, object{"evidence": "x"}), http.StatusServiceUnavailable, "real_person_check_unavailable")
	wantProblem(t, w.call("POST", "/v1/credentials/1-1/revoke", w.staff, object{"reason": "fraud"}), http.StatusNotFound, "credential_not_found")
	close(provider.release)
	runtest.Eventually(t, 5*time.Second, "a free slot of the provider", func() bool {
		return w.call("POST", h.path("/checks"), h.Token, object{"evidence": "x"}).Status == http.StatusCreated
	})
}

// While all slots are taken, more requests are refused immediately and health checks are
// answered. Later the slots are free again.
func TestRequestsBeyondTheSlotsAreShed(t *testing.T) {
	provider := newHanging()
	w := newSystem(t, setup{checker: provider, checkTimeout: 10 * time.Second, maxInFlight: 2})
	h := w.apply()
	var guests sync.WaitGroup
	for range 2 {
		guests.Go(func() {
			wantStatusCode(t, w.call("POST", h.path("/checks"), h.Token, object{"evidence": "x"}), http.StatusCreated)
		})
	}
	for range 2 {
		select {
		case <-provider.entered:
		case <-time.After(5 * time.Second):
			t.Fatal("waited 5s for all slots to be taken")
		}
	}
	a := w.call("GET", h.path(""), h.Token, nil)
	wantProblem(t, a, http.StatusServiceUnavailable, "overloaded")
	if a.Header.Get("Retry-After") == "" {
		t.Error("the problem has no Retry-After")
	}
	wantStatusCode(t, w.call("GET", "/healthz", "", nil), http.StatusOK)
	if a := w.call("GET", "/readyz", "", nil); a.Status != http.StatusServiceUnavailable || string(a.Body) != "{\"ready\":false}" {
		t.Errorf("/readyz: %d %s", a.Status, a.Body)
	}
	if status, body := w.adminGet("/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "announcement") {
		t.Errorf("/readyz of the admin listener: %d %s", status, body)
	}
	close(provider.release)
	guests.Wait()
	wantStatusCode(t, w.call("GET", h.path(""), h.Token, nil), http.StatusOK)
}

// panicking is a provider that panics with personal data.
type panicking struct{}

func (panicking) Check(_ context.Context, p provider.Person, _ string) (facecheck.Result, error) {
	panic("cannot check " + p.Name)
}
func (panicking) Label() string { return "panicking" }

func TestPanickingProviderIsContained(t *testing.T) {
	w := newSystem(t, setup{checker: panicking{}})
	h := w.apply()
	wantProblem(t, w.call("POST", h.path("/checks"), h.Token, object{"evidence": "x"}), http.StatusServiceUnavailable, "real_person_check_unavailable")
	runtest.HasNot(t, w.logs.String(), testName)
}

// The server has a limit on every duration and size.
func TestEveryServerLimitIsSet(t *testing.T) {
	s := httpapi.NewServer("127.0.0.1:0", http.NotFoundHandler(), nil)
	for name, d := range map[string]time.Duration{
		"ReadHeaderTimeout": s.ReadHeaderTimeout, "ReadTimeout": s.ReadTimeout, "WriteTimeout": s.WriteTimeout, "IdleTimeout": s.IdleTimeout,
	} {
		if d <= 0 {
			t.Errorf("%s is not set", name)
		}
	}
	if s.MaxHeaderBytes <= 0 || s.WriteTimeout <= httpapi.RequestTimeout || httpapi.RequestTimeout <= facecheck.MaxTimeout {
		t.Errorf("headers %d, write %v, request %v, check %v", s.MaxHeaderBytes, s.WriteTimeout, httpapi.RequestTimeout, facecheck.MaxTimeout)
	}
}

// databaseFiles returns the content of the database files.
func (w *system) databaseFiles() string {
	w.t.Helper()
	files, err := filepath.Glob(w.database + "*")
	runtest.Must(w.t, err)
	var all strings.Builder
	for _, f := range files {
		raw, err := os.ReadFile(f)
		runtest.Must(w.t, err)
		all.Write(raw)
	}
	return all.String()
}
