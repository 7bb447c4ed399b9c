package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
)

// An issuer that is told to end says so first and serves on; every answer closes its
// connection, so that the next request goes elsewhere.
func TestDrainTurnsReadinessAndServesOn(t *testing.T) {
	w := newWorld(t, setup{})
	w.publish()
	if a := w.call("GET", "/readyz", "", nil); a.Status != http.StatusOK || a.Header.Get("Connection") == "close" {
		t.Fatalf("before: %d %s", a.Status, a.Body)
	}
	w.api.Drain()
	if a := w.call("GET", "/readyz", "", nil); a.Status != http.StatusServiceUnavailable {
		t.Errorf("readyz: %d %s", a.Status, a.Body)
	}
	resp, err := http.Get(w.admin.URL + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var text strings.Builder
	if err := resp.Write(&text); err != nil || resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text.String(), "shutting down") {
		t.Errorf("readyz for operators: %s, %v", text.String(), err)
	}
	if a := w.call("GET", "/healthz", "", nil); a.Status != http.StatusOK {
		t.Errorf("healthz: %d", a.Status)
	}
	r := w.request("POST", "/v1/applications", "", form())
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated || !answer.Close {
		t.Errorf("a request while it drains: %d, closes its connection: %v", answer.StatusCode, answer.Close)
	}
}
