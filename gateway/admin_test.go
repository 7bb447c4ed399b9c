package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/railgate/railgate/tokens/fixedkey"
)

func TestAdminListenerEndpoints(t *testing.T) {
	s := start(t, setup{})
	s.check("entry", s.goodCode(7)).verdict(t)
	admin := s.NewAdmin(s.metrics)
	if admin.ReadHeaderTimeout == 0 || admin.ReadTimeout == 0 || admin.WriteTimeout == 0 || admin.IdleTimeout == 0 || admin.MaxHeaderBytes == 0 {
		t.Error("a limit of the server is not set")
	}
	get := func(path string) (int, string) {
		recorder := httptest.NewRecorder()
		admin.Handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
		return recorder.Code, recorder.Body.String()
	}
	for path, want := range map[string]string{
		"/metrics":                  `railgate_verdicts_total{class="ok",policy="serve",reason="ok",revocation="fresh"} 1`,
		"/healthz":                  "ok\n",
		"/readyz":                   `{"ready":true,"state":"fresh","age_ms":0,"waiting":[]}`,
		"/debug/pprof/":             "goroutine",
		"/debug/pprof/cmdline":      "test",
		"/debug/pprof/goroutine":    "",
		"/debug/pprof/symbol?0x400": "num_symbols",
	} {
		if status, body := get(path); status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: status %d, want 200 and %q in the body", path, status, want)
		}
	}
	// Checks belong to the public listener, where callers are authenticated.
	if status, _ := get("/v1/check"); status != 404 {
		t.Errorf("/v1/check on the admin listener: status %d", status)
	}
	s.clock.Add(3_600_000)
	if status, body := get("/readyz"); status != 503 || !strings.Contains(body, "too old") {
		t.Errorf("/readyz with expired data: %d %s", status, body)
	}
}

func TestMetricsAndLogNameNoPersonAndNoDevice(t *testing.T) {
	s := start(t, setup{})
	session := s.issuer.Open(7, now/1000)
	code := session.Code(0)
	s.check("entry", code.Text()).verdict(t)
	page := s.page()
	for _, name := range []string{"gate-1", "shop-1", session.Fields.Serial.String(), session.Fields.Subject.String()} {
		if strings.Contains(page, name) {
			t.Errorf("the metrics contain %q", name)
		}
		if strings.Contains(s.log.String(), name) {
			t.Errorf("the log contains %q", name)
		}
	}
}

func TestGaugesReportTheReplica(t *testing.T) {
	s := start(t, setup{})
	s.feed.Revoke(now, s.issuer.Open(7, now/1000).Fields.Serial)
	for metric, want := range map[string]float64{"railgate_revoked_serials": 1, "railgate_issuer_keys": 2, "railgate_devices": 3, "railgate_revocation_age_seconds": 0} {
		if got := s.count(metric); got != want {
			t.Errorf("%s is %v, want %v", metric, got, want)
		}
	}
	if s.count("railgate_verifier", fixedkey.Best().String()) != 1 {
		t.Error("the metrics lack the implementation that verifies signatures")
	}
	if got := start(t, booting()).count("railgate_revocation_age_seconds"); got != -1 {
		t.Errorf("while booting the age is %v, want -1", got)
	}
}
