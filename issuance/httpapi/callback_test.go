package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/httpapi"
	"github.com/railgate/railgate/test/runtest"
)

const callbackPath = "/v1/real-person/callback"

// A flood of callbacks takes the callbacks' own places: passengers are served,
// and the other way round the provider is heard in a full house.
func TestCallbacksHaveTheirOwnPlaces(t *testing.T) {
	entered, release := make(chan struct{}, 2*httpapi.MaxCallbacks), make(chan struct{})
	end := sync.OnceFunc(func() { close(release) })
	w := newWorld(t, setup{maxInFlight: 1, callback: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		entered <- struct{}{}
		<-release
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte("{}"))
	})})
	t.Cleanup(end) // before the server waits for them
	var all sync.WaitGroup
	for range httpapi.MaxCallbacks {
		all.Go(func() {
			if a := w.call("POST", callbackPath, "", object{}); a.Status != http.StatusOK {
				t.Errorf("a callback was answered %d", a.Status)
			}
		})
	}
	for range httpapi.MaxCallbacks {
		select {
		case <-entered:
		case <-time.After(5 * time.Second):
			t.Fatal("waited 5s for the callbacks")
		}
	}
	refused(t, w.call("POST", callbackPath, "", object{}), http.StatusServiceUnavailable, httpapi.Overloaded)
	w.apply()
	end()
	all.Wait()
	runtest.Eventually(t, 5*time.Second, "a place for a callback", func() bool {
		return w.call("POST", callbackPath, "", object{}).Status == http.StatusOK
	})
	refused(t, w.call("GET", callbackPath, "", nil), http.StatusMethodNotAllowed, httpapi.MethodNotAllowed)
}

// What is not configured is not there.
func TestWhatIsNotConfiguredIsNotThere(t *testing.T) {
	w := newWorld(t, setup{})
	bare, err := httpapi.New(w.service, httpapi.Config{})
	if err != nil {
		t.Fatal(err)
	}
	// The document describes an issuer with all its parts, so these answers are not held to it.
	for _, r := range []httpapi.Route{{Method: "POST", Path: callbackPath}, {Method: "GET", Path: "/v1/trail"}, {Method: "POST", Path: "/v1/accounts"}, {Method: "GET", Path: "/v1/account"}} {
		answer := httptest.NewRecorder()
		bare.Public().ServeHTTP(answer, httptest.NewRequest(r.Method, r.Path, nil))
		if answer.Code != http.StatusNotFound || !strings.Contains(answer.Body.String(), `"`+string(httpapi.NotFound)+`"`) {
			t.Errorf("%s %s: %d %s", r.Method, r.Path, answer.Code, answer.Body)
		}
	}
	w.server.Config.Handler = bare.Public()
	if a := w.call("GET", "/v1/privacy-policy", "", nil); a.Status != http.StatusOK {
		t.Errorf("the privacy policy: %d", a.Status)
	}
	w.apply()
}
