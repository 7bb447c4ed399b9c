package api_test

import (
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
