// Package e2e runs the real binaries against a real broker and database, and
// has them killed. By default the broker is in-process and the database SQLite,
// so it runs anywhere; RAILGATE_TEST_KAFKA (host:port,…) and
// RAILGATE_TEST_POSTGRES (a DSN) put Apache Kafka and PostgreSQL in their place.
package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/test/runtest"
)

// A revocation crosses the whole house under load; then each side is killed,
// and what was acknowledged stays revoked.
func TestARevocationCrossesTheHouseAndOutlivesIt(t *testing.T) {
	s := newStation(t)
	issuer, gateway := s.startIssuer(), s.startGateway()
	awaitReady(t, s.issuerURL)
	awaitReady(t, s.gatewayURL)

	s.load("-rate", "400", "-duration", "3s", "-warmup", "500ms", "-revoked", "20")

	holder := s.holder()
	s.mustAnswer(holder.text(), "ok")
	s.revoke(holder.serial)
	issuer.kill() // acknowledged, perhaps not published yet
	s.startIssuer()
	runtest.Eventually(t, patience, "the refusal of what was revoked before the issuer was killed", func() bool {
		return s.check(holder.text()) == "revoked"
	})

	gateway.kill()
	gateway = s.startGateway()
	awaitReady(t, s.gatewayURL)
	s.mustAnswer(holder.text(), "revoked") // at the first answer after it is ready

	gateway.stop()
}

// A page that was closed is seen at the gate, and stays closed when each side is killed
// at once afterwards; the credential itself stays good.
func TestAClosedPageCrossesTheHouseAndOutlivesIt(t *testing.T) {
	s := newStation(t)
	issuer, gateway := s.startIssuer(), s.startGateway()
	awaitReady(t, s.issuerURL)
	awaitReady(t, s.gatewayURL)

	first, second := s.holder(), s.holder()
	s.mustAnswer(first.text(), "ok")
	s.mustAnswer(second.text(), "ok")
	s.leave(first)
	runtest.Eventually(t, patience, "the refusal of a closed page", func() bool { return s.check(first.text()) == "session_closed" })
	s.leave(second)
	issuer.kill() // acknowledged, perhaps not published yet
	s.startIssuer()
	runtest.Eventually(t, patience, "the refusal of what was closed before the issuer was killed", func() bool {
		return s.check(second.text()) == "session_closed"
	})

	gateway.kill()
	gateway = s.startGateway()
	awaitReady(t, s.gatewayURL)
	s.mustAnswer(first.text(), "session_closed") // at the first answer after it is ready
	s.mustAnswer(second.text(), "session_closed")
	gateway.stop()
}

// A gateway that finds no broker lives, says why it is not ready, refuses
// everyone, and serves as soon as the broker is there.
func TestAGatewayWithoutABrokerWaitsAndSaysSo(t *testing.T) {
	s := newStation(t)
	gateway := s.startGateway("-kafka.brokers", "127.0.0.1:1")
	runtest.Eventually(t, patience, "/healthz", func() bool { return get(s.gatewayURL+"/healthz") == http.StatusOK })
	var r struct {
		Ready   bool
		State   string
		Waiting []string
	}
	runtest.Eventually(t, patience, "a reason in /readyz", func() bool {
		answer, err := http.Get(s.gatewayAdmin + "/readyz")
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		return json.NewDecoder(answer.Body).Decode(&r) == nil && answer.StatusCode == http.StatusServiceUnavailable &&
			len(r.Waiting) > 0 && strings.Contains(r.Waiting[0], "no Kafka broker answers")
	})
	gateway.stop()
}

// An operator's commands work beside the running issuer, and their exit code tells.
func TestAnOperatorRotatesAKeyBesideTheIssuer(t *testing.T) {
	s := newStation(t)
	s.startIssuer()
	awaitReady(t, s.issuerURL)
	command := func(pattern string, args ...string) string {
		t.Helper()
		return s.output(pattern, "issuer", append([]string{"-config", s.config("issuer")}, args...)...)
	}
	old := command(`(?m)^(\d+) +in service`, "-list-keys")
	fresh := command(`(?s)key (\d+) is made.*published;`, "-by", "night-shift", "-new-key")
	command(`(?m)^(`+fresh+`) +(announced|waiting)`, "-list-keys")
	out, err := exec.CommandContext(t.Context(), s.binary("issuer"), "-config", s.config("issuer"), "-by", "night-shift", "-rest-key", old).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "no other key is in service") {
		t.Errorf("the only key in service may rest: %v %s", err, out)
	}
	command(`(announce_key +key:`+fresh+`)`, "-by", "night-shift", "-trail")
	command(`(the chain holds)`, "-verify-trail")
	if out, err := exec.CommandContext(t.Context(), s.binary("issuer"), "-config", s.config("issuer"), "-verify-trail", "-anchor", "1:"+strings.Repeat("0", 64)).CombinedOutput(); err == nil {
		t.Errorf("an anchor of another trail: %s", out)
	}
}

func TestBrokenSettingsAreRefusedWithTheirField(t *testing.T) {
	s := newStation(t)
	open := filepath.Join(s.dir, "open")
	if err := errors.Join(os.Mkdir(open, 0o700), os.Chmod(open, 0o777)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		binary, flag, field string
	}{
		{"gateway", "-kafka.authority=abc", "kafka.authority"},
		{"gateway", "-kafka.partitions=0", "kafka.partitions"},
		{"gateway", "-no.such.setting=1", "no.such.setting"},
		{"gateway", "-snapshots.dir=" + open, "snapshots.dir: " + open + " has mode 0777"},
		{"issuer", "-keys=" + filepath.Join(s.dir, "nowhere"), "keys"},
		{"issuer", "-real_person.provider=none", "real_person.provider"},
		{"issuer", "-kafka.retention=1h", "kafka.retention"},
		{"issuer", "-key_lead=25h", "key_lead"},
		{"issuer", "-trusted_proxies=everybody", "trusted_proxies"},
		{"issuer", "-residents.provider=http", "residents.http.service.url"},
	} {
		out, err := exec.CommandContext(t.Context(), s.binary(c.binary), "-config", s.config(c.binary), c.flag).CombinedOutput()
		if err == nil || !strings.Contains(string(out), c.field) {
			t.Errorf("%s %s: %v, and its output does not name the field: %s", c.binary, c.flag, err, out)
		}
	}
	for _, binary := range []string{"gateway", "issuer"} {
		if out, err := exec.CommandContext(t.Context(), s.binary(binary), "-config", s.config(binary), "-check").CombinedOutput(); err != nil {
			t.Errorf("%s -check refuses good settings: %v %s", binary, err, out)
		}
	}
}

// load runs the load test's own binary; it fails on one wrong verdict. That this
// machine makes the load generator late (exit code 3) is none.
func (s *station) load(args ...string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, s.binary("loadtest"), append([]string{"-target", s.target()}, args...)...).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "revoked → refused") || strings.HasPrefix(line, "loadtest:") {
			s.t.Log(strings.TrimSpace(line))
		}
	}
	var exit *exec.ExitError
	late := errors.As(err, &exit) && exit.ExitCode() == 3 && strings.Contains(string(out), "INVALID: ")
	if err != nil && !late || !strings.Contains(string(out), " 0 wrong verdicts, 0 errors, ") {
		s.t.Fatalf("load test: %v\n%s", err, out)
	}
}

func (s *station) revoke(serial string) {
	s.t.Helper()
	status, body := s.post(s.issuerURL+"/v1/credentials/"+serial+"/revoke", s.staff, "application/json", `{"reason":"staff"}`)
	if status != http.StatusAccepted {
		s.t.Fatalf("revoking answered %d: %s", status, body)
	}
}

// check is a gate's question; the answer is the reason, or what went wrong.
func (s *station) check(text string) string {
	status, body := s.post(s.gatewayURL+"/v1/check?scope=entry", s.device, "text/plain", text)
	var v struct{ Reason string }
	if err := json.Unmarshal([]byte(body), &v); err != nil || v.Reason == "" {
		return fmt.Sprintf("%d %s", status, body)
	}
	return v.Reason
}

func (s *station) mustAnswer(text, want string) {
	s.t.Helper()
	if got := s.check(text); got != want {
		s.t.Fatalf("the gateway answered %q, want %q", got, want)
	}
}

func (s *station) post(url, bearer, kind, body string) (int, string) {
	r, err := http.NewRequestWithContext(s.t.Context(), "POST", url, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	answer, err := (&http.Client{Timeout: patience}).Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(text)
}

func get(url string) int {
	answer, err := http.Get(url)
	if err != nil {
		return 0
	}
	answer.Body.Close()
	return answer.StatusCode
}

func awaitReady(t *testing.T, url string) {
	t.Helper()
	runtest.Eventually(t, patience, url+"/readyz", func() bool { return get(url+"/readyz") == http.StatusOK })
}
