package httpapi_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/httpapi"
	"github.com/railgate/railgate/test/harness/runtest"
)

// Headers above the bound were answered in plain text and without an id.
func TestHeadersThatAreTooLargeGetAProblem(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	runtest.Must(t, err)
	served := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "served") })
	server := httpapi.NewServer("", served, nil)
	go server.Serve(httpapi.Listener(inner, nil))
	defer server.Close()
	ask := func(size int) (*http.Response, []byte) {
		t.Helper()
		conn, err := net.Dial("tcp", inner.Addr().String())
		runtest.Must(t, err)
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: issuer.example\r\nX-Long: %s\r\n\r\n", strings.Repeat("a", size))
		r, err := http.ReadResponse(bufio.NewReader(conn), nil)
		runtest.Must(t, err)
		body, err := io.ReadAll(r.Body)
		runtest.Must(t, err)
		return r, body
	}
	if r, body := ask(4 << 10); r.StatusCode != 200 || string(body) != "served" {
		t.Fatalf("headers within the bound: %d %s", r.StatusCode, body)
	}
	r, body := ask(20 << 10)
	if r.StatusCode != http.StatusRequestHeaderFieldsTooLarge || r.Header.Get("X-Request-Id") == "" || !r.Close {
		t.Fatalf("%d %v %s", r.StatusCode, r.Header, body)
	}
	if code := theContract(t).problem(t, answer{Status: r.StatusCode, Header: r.Header, Body: body}); code != httpapi.HeadersTooLarge {
		t.Fatalf("%s %s", code, body)
	}
}

// An issuer that is told to end says so first and serves on; every answer closes its
// connection, so that the next request goes elsewhere.
func TestDrainTurnsReadinessAndServesOn(t *testing.T) {
	w := newSystem(t, setup{})
	w.publish()
	if a := w.call("GET", "/readyz", "", nil); a.Status != http.StatusOK || a.Header.Get("Connection") == "close" {
		t.Fatalf("before: %d %s", a.Status, a.Body)
	}
	w.api.Drain()
	hasStatus(t, w.call("GET", "/readyz", "", nil), http.StatusServiceUnavailable)
	if status, body := w.operators("/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "shutting down") {
		t.Errorf("readyz for operators: %d %s", status, body)
	}
	hasStatus(t, w.call("GET", "/healthz", "", nil), http.StatusOK)
	r := w.request("POST", "/v1/applications", "", form())
	answer, err := http.DefaultClient.Do(r)
	runtest.Must(t, err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated || !answer.Close {
		t.Errorf("a request while it drains: %d, closes its connection: %v", answer.StatusCode, answer.Close)
	}
}

// An issuer that cannot publish stays ready, since no other issuer could either;
// operators are told why, and strangers are not.
func TestReadinessNamesItsCauseToOperatorsOnly(t *testing.T) {
	why := ""
	w := newSystem(t, setup{trouble: func() string { return why }})
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
	w.outbox.Close()
	if status, body := w.operators("/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "the database does not answer") {
		t.Errorf("without a database operators are told %d %s", status, body)
	}
}

// Lines of refused and failed requests are warnings, which no sampling drops.
func TestRefusalsAndFaultsAreWarnings(t *testing.T) {
	w := newSystem(t, setup{})
	w.apply()
	w.call("POST", "/v1/applications", "", "x")
	w.outbox.Close()
	w.call("POST", "/v1/applications", "", form())
	levels := make(map[int]string) // by the hundreds of the status
	for text := range strings.Lines(w.logs.String()) {
		var line struct {
			Level, Msg string
			Status     int
		}
		runtest.Must(t, json.Unmarshal([]byte(text), &line))
		if line.Msg == "request" {
			levels[line.Status/100] = line.Level
		}
	}
	if levels[2] != "info" || levels[4] != "warn" || levels[5] != "warn" {
		t.Errorf("levels by status: %v", levels)
	}
}

// Limits are by network: a caller whose address cannot be read gets no answer but to
// a health question, rather than a share in limits with all such callers.
func TestACallerWithoutAnAddressIsNotServed(t *testing.T) {
	s := newSystem(t, setup{})
	for path, want := range map[string]int{"/v1/privacy-policy": http.StatusInternalServerError, "/healthz": http.StatusOK} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.RemoteAddr = "@"
		recorder := httptest.NewRecorder()
		s.api.Public().ServeHTTP(recorder, r)
		if recorder.Code != want {
			t.Errorf("%s: %d, want %d", path, recorder.Code, want)
		}
	}
}
