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

// Headers above the limit get a problem with a request id, like all other errors.
func TestTooLargeHeadersGetAProblem(t *testing.T) {
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
		t.Fatalf("headers below the limit: %d %s", r.StatusCode, body)
	}
	r, body := ask(20 << 10)
	if r.StatusCode != http.StatusRequestHeaderFieldsTooLarge || r.Header.Get("X-Request-Id") == "" || !r.Close {
		t.Fatalf("headers above the limit: %d %v %s", r.StatusCode, r.Header, body)
	}
	if code := apiContract(t).problem(t, answer{Status: r.StatusCode, Header: r.Header, Body: body}); code != httpapi.HeadersTooLarge {
		t.Fatalf("headers above the limit: code %s in %s", code, body)
	}
}

// A draining issuer is not ready but still serves requests. Every response closes its
// connection, so that the next request goes to another issuer.
func TestDrainingIssuerServesRequests(t *testing.T) {
	w := newSystem(t, setup{})
	w.publish()
	if a := w.call("GET", "/readyz", "", nil); a.Status != http.StatusOK || a.Header.Get("Connection") == "close" {
		t.Fatalf("/readyz before the drain: %d %s", a.Status, a.Body)
	}
	w.api.Drain()
	wantStatusCode(t, w.call("GET", "/readyz", "", nil), http.StatusServiceUnavailable)
	if status, body := w.adminGet("/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "shutting down") {
		t.Errorf("/readyz of the admin listener: %d %s", status, body)
	}
	wantStatusCode(t, w.call("GET", "/healthz", "", nil), http.StatusOK)
	r := w.request("POST", "/v1/applications", "", form())
	answer, err := http.DefaultClient.Do(r)
	runtest.Must(t, err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated || !answer.Close {
		t.Errorf("a request during the drain: %d, closes its connection: %v", answer.StatusCode, answer.Close)
	}
}

// An issuer that cannot publish stays ready, since no other issuer could publish either.
// Only the admin listener names the cause.
func TestReadinessCausesAreOnTheAdminListenerOnly(t *testing.T) {
	why := ""
	w := newSystem(t, setup{trouble: func() string { return why }})
	w.publish()
	if status, body := w.adminGet("/readyz"); status != http.StatusOK || body != "{\"ready\":true,\"waiting\":[]}" {
		t.Errorf("without a cause the admin listener answers %d %s", status, body)
	}
	why = "publishing to the control topic has failed since 2026-02-10T08:00:00Z: dial tcp 10.1.2.3:9092: connection refused"
	if status, body := w.adminGet("/readyz"); status != http.StatusOK || !strings.Contains(body, why) {
		t.Errorf("while publishing fails the admin listener answers %d %s", status, body)
	}
	if a := w.call("GET", "/readyz", "", nil); a.Status != http.StatusOK || string(a.Body) != "{\"ready\":true}" {
		t.Errorf("while publishing fails the public listener answers %d %s", a.Status, a.Body)
	}
	w.outbox.Close()
	if status, body := w.adminGet("/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "the database does not answer") {
		t.Errorf("without a database the admin listener answers %d %s", status, body)
	}
}

// Problems and faults are logged as warnings, which log sampling never drops.
func TestProblemsAreLoggedAsWarnings(t *testing.T) {
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

// Limits are counted by network: a caller with an unknown address is refused, except for
// health checks. Such callers would otherwise share one limit.
func TestCallerWithoutAddressIsRefused(t *testing.T) {
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
