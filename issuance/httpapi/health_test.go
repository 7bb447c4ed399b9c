package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// An issuer that cannot publish stays ready, since no other issuer could either;
// operators are told why, and strangers are not.
func TestReadinessNamesItsCauseToOperatorsOnly(t *testing.T) {
	why := ""
	w := newWorld(t, setup{trouble: func() string { return why }})
	w.publish()
	if status, body := w.operators("/readyz"); status != http.StatusOK || body != "{\"ready\":true,\"waiting\":[]}" {
		t.Errorf("all is well, and operators are told %d %s", status, body)
	}
	why = "publishing to the control topic has failed since 2026-02-10T08:00:00Z: dial tcp 10.1.2.3:9092: connection refused"
	if status, body := w.operators("/readyz"); status != http.StatusOK || !strings.Contains(body, why) {
		t.Errorf("publishing fails, and operators are told %d %s", status, body)
	}
	if a := w.call("GET", "/readyz", "", nil); a.Status != http.StatusOK || string(a.Body) != "{\"ready\":true}" {
		t.Errorf("publishing fails, and strangers are told %d %s", a.Status, a.Body)
	}
	w.store.Close()
	if status, body := w.operators("/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "the database does not answer") {
		t.Errorf("without a database operators are told %d %s", status, body)
	}
}

// Lines of refused and failed requests are warnings, which no sampling drops.
func TestRefusalsAndFaultsAreWarnings(t *testing.T) {
	w := newWorld(t, setup{})
	w.apply()
	w.call("POST", "/v1/applications", "", "x")
	w.store.Close()
	w.call("POST", "/v1/applications", "", form())
	levels := make(map[int]string) // by the hundreds of the status
	for text := range strings.Lines(w.logs.String()) {
		var line struct {
			Level, Msg string
			Status     int
		}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		if line.Msg == "request" {
			levels[line.Status/100] = line.Level
		}
	}
	if levels[2] != "info" || levels[4] != "warn" || levels[5] != "warn" {
		t.Errorf("levels by status: %v", levels)
	}
}
