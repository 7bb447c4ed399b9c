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

// 200 passengers at once: every one is approved and opens one session on one
// check, serials are unique and their indexes have no gap. The store's tests do
// the same with pairs that compete for one application and one check.
func TestManyAtOnce(t *testing.T) {
	const passengers = 200
	// A request's place is given back a moment after its answer, when the
	// passenger's next request may be there already.
	w := newSystem(t, setup{maxInFlight: 2 * passengers, maxChecks: 2 * passengers})
	serials := make([]string, passengers)
	var all sync.WaitGroup
	for i := range passengers {
		all.Go(func() {
			h := w.apply()
			check := h.pass()
			serials[i] = h.Serial
			h.host(check)
			refused(t, w.call("POST", h.path("/sessions"), h.Token, object{"check": check, "mode": "hosted"}), http.StatusConflict, "real_person_check_required")
		})
	}
	all.Wait()
	seen := make(map[int]bool)
	for _, serial := range serials {
		_, index, ok := strings.Cut(serial, "-")
		n, err := strconv.Atoi(index)
		if !ok || err != nil || seen[n] || n >= passengers {
			t.Fatalf("serial %q: out of the row, or given twice", serial)
		}
		seen[n] = true
	}
}

// hanging is a provider that breaks its duty: it neither answers nor stops.
type hanging struct{ entered, release chan struct{} }

func newHanging() hanging { return hanging{make(chan struct{}, 8), make(chan struct{})} }

func (h hanging) Check(context.Context, provider.Person, string) (facecheck.Result, error) {
	h.entered <- struct{}{}
	<-h.release
	return facecheck.Result{Passed: true}, nil
}
func (hanging) Label() string { return "hanging" }

// Nobody waits longer than the bound for a provider that hangs, and what it
// says afterwards approves nobody.
func TestProviderThatHangsIsGivenUp(t *testing.T) {
	provider := newHanging()
	w := newSystem(t, setup{checker: provider, checkTimeout: 20 * time.Millisecond})
	h := w.apply()
	refused(t, w.call("POST", h.path("/checks"), h.Token, object{"evidence": "x"}), http.StatusGatewayTimeout, "real_person_check_timeout")
	close(provider.release)
	h.hasStatus("submitted")
}

// When the provider hangs, checks beyond its bound are refused at once and
// leave the other requests their slots.
func TestProviderThatHangsBlocksOnlyChecks(t *testing.T) {
	provider := newHanging()
	w := newSystem(t, setup{checker: provider, checkTimeout: 20 * time.Millisecond, maxChecks: 1})
	h := w.apply()
	refused(t, w.call("POST", h.path("/checks"), h.Token, object{"evidence": "x"}), http.StatusGatewayTimeout, "real_person_check_timeout")
	refused(t, w.call("POST", h.path("/checks"), h.Token, object{"evidence": "x"}), http.StatusServiceUnavailable, "real_person_check_unavailable")
	refused(t, w.call("POST", "/v1/credentials/1-1/revoke", w.staff, object{"reason": "fraud"}), http.StatusNotFound, "credential_not_found")
	close(provider.release)
	runtest.Eventually(t, 5*time.Second, "the provider's place", func() bool {
		return w.call("POST", h.path("/checks"), h.Token, object{"evidence": "x"}).Status == http.StatusCreated
	})
}

// When all slots are taken, more requests are refused at once, health questions
// are answered, and the slots come back.
func TestFullHouse(t *testing.T) {
	provider := newHanging()
	w := newSystem(t, setup{checker: provider, checkTimeout: 10 * time.Second, maxInFlight: 2})
	h := w.apply()
	var guests sync.WaitGroup
	for range 2 {
		guests.Go(func() {
			hasStatus(t, w.call("POST", h.path("/checks"), h.Token, object{"evidence": "x"}), http.StatusCreated)
		})
	}
	for range 2 {
		select {
		case <-provider.entered:
		case <-time.After(5 * time.Second):
			t.Fatal("waited 5s for a full house")
		}
	}
	a := w.call("GET", h.path(""), h.Token, nil)
	refused(t, a, http.StatusServiceUnavailable, "overloaded")
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	hasStatus(t, w.call("GET", "/healthz", "", nil), http.StatusOK)
	if a := w.call("GET", "/readyz", "", nil); a.Status != http.StatusServiceUnavailable || string(a.Body) != "{\"ready\":false}" {
		t.Errorf("readyz: %d %s", a.Status, a.Body)
	}
	if status, body := w.operators("/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "announcement") {
		t.Errorf("readyz for operators: %d %s", status, body)
	}
	close(provider.release)
	guests.Wait()
	hasStatus(t, w.call("GET", h.path(""), h.Token, nil), http.StatusOK)
}

// panicking speaks of the person when it falls.
type panicking struct{}

func (panicking) Check(_ context.Context, p provider.Person, _ string) (facecheck.Result, error) {
	panic("cannot look at " + p.Name)
}
func (panicking) Label() string { return "panicking" }

func TestProviderThatPanics(t *testing.T) {
	w := newSystem(t, setup{checker: panicking{}})
	h := w.apply()
	refused(t, w.call("POST", h.path("/checks"), h.Token, object{"evidence": "x"}), http.StatusServiceUnavailable, "real_person_check_unavailable")
	runtest.HasNot(t, w.logs.String(), testName)
}

// No request is allowed to take for ever, or to be of any size.
func TestEveryBoundOfTheServerIsSet(t *testing.T) {
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

// databaseFiles is all that lies on disk, as text.
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
