// Package e2e runs the real binaries against a real broker and database, and kills them. By
// default the broker is in-process and the database SQLite, so it runs anywhere.
// RAILGATE_TEST_KAFKA (host:port,…) and RAILGATE_TEST_POSTGRES (a DSN) select Apache Kafka and
// PostgreSQL instead.
package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/test/harness/runtest"
)

// A revocation takes effect from issuer to gateway under load. Then each side is killed, and the
// revocation stays effective.
func TestRevocationTakesEffectAndSurvivesKills(t *testing.T) {
	s := newSystem(t)
	issuer, gateway := s.startIssuer(), s.startGateway()
	s.ready(s.issuer, s.gateway)

	s.load("-rate", "400", "-duration", "3s", "-warmup", "500ms", "-revoked", "20")

	p := s.passenger()
	s.mustAnswer(p, "ok")
	s.revoke(p)
	issuer.Kill() // acknowledged, perhaps not published yet
	s.startIssuer()
	runtest.Eventually(t, patience, "the refusal of a credential revoked just before the issuer was killed", func() bool {
		return s.check(p) == "revoked"
	})

	gateway.Kill()
	gateway = s.startGateway()
	s.ready(s.gateway)
	s.mustAnswer(p, "revoked") // at the first answer after it is ready

	s.stop(gateway)
}

// A closed page is refused at the gate, also if each side is killed immediately afterwards. The
// credential itself stays valid.
func TestClosedPageIsRefusedAndSurvivesKills(t *testing.T) {
	s := newSystem(t)
	issuer, gateway := s.startIssuer(), s.startGateway()
	s.ready(s.issuer, s.gateway)

	first, second := s.passenger(), s.passenger()
	s.mustAnswer(first, "ok")
	s.mustAnswer(second, "ok")
	s.leave(first)
	runtest.Eventually(t, patience, "the refusal of a closed page", func() bool { return s.check(first) == "session_closed" })
	s.leave(second)
	issuer.Kill() // acknowledged, perhaps not published yet
	s.startIssuer()
	runtest.Eventually(t, patience, "the refusal of a session closed just before the issuer was killed", func() bool {
		return s.check(second) == "session_closed"
	})

	gateway.Kill()
	gateway = s.startGateway()
	s.ready(s.gateway)
	s.mustAnswer(first, "session_closed") // at the first answer after it is ready
	s.mustAnswer(second, "session_closed")
	s.stop(gateway)
}

// A gateway without a broker runs, reports why it is not ready, and refuses every code.
func TestGatewayWithoutABrokerReportsIt(t *testing.T) {
	s := newSystem(t)
	gateway := s.startGateway("-kafka.brokers", "127.0.0.1:1")
	runtest.Eventually(t, patience, "/healthz", func() bool { return healthy(s.gateway) })
	var r struct {
		Ready   bool
		State   string
		Waiting []string
	}
	runtest.Eventually(t, patience, "a reason in /readyz", func() bool {
		status, body := get(s.gateway.Admin + "/readyz")
		return json.Unmarshal([]byte(body), &r) == nil && status == http.StatusServiceUnavailable &&
			len(r.Waiting) > 0 && strings.Contains(r.Waiting[0], "no Kafka broker answers")
	})
	s.stop(gateway)
}

// An operator's commands work while the issuer runs, and their exit codes report the result.
func TestOperatorRotatesAKeyWhileTheIssuerRuns(t *testing.T) {
	s := newSystem(t)
	s.startIssuer()
	s.ready(s.issuer)
	command := func(pattern string, args ...string) string {
		t.Helper()
		return s.output(pattern, "issuer", append([]string{"-config", s.issuer.File}, args...)...)
	}
	old := command(`(?m)^(\d+) +active`, "-list-keys")
	fresh := command(`(?s)key (\d+) is made.*published;`, "-by", "night-shift", "-new-key")
	command(`(?m)^(`+fresh+`) +(announced|waiting)`, "-list-keys")
	out, err := s.run("issuer", "-config", s.issuer.File, "-by", "night-shift", "-deactivate-key", old)
	if err == nil || !strings.Contains(out, "no other key is active") {
		t.Errorf("the only active key was deactivated: %v %s", err, out)
	}
	command(`(announce_key +key:`+fresh+`)`, "-by", "night-shift", "-audit-log")
	command(`(the chain holds)`, "-verify-audit-log")
	if out, err := s.run("issuer", "-config", s.issuer.File, "-verify-audit-log", "-anchor", "1:"+strings.Repeat("0", 64)); err == nil {
		t.Errorf("an anchor of another audit log was accepted: %s", out)
	}
}

func TestErrorOfABadSettingNamesItsField(t *testing.T) {
	s := newSystem(t)
	open := filepath.Join(s.Dir, "open")
	if err := errors.Join(os.Mkdir(open, 0o700), os.Chmod(open, 0o777)); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"gateway": s.gateway.File, "issuer": s.issuer.File}
	for _, c := range []struct {
		binary, flag, field string
	}{
		{"gateway", "-kafka.authority=abc", "kafka.authority"},
		{"gateway", "-kafka.partitions=0", "kafka.partitions"},
		{"gateway", "-no.such.setting=1", "no.such.setting"},
		{"gateway", "-snapshots.dir=" + open, "snapshots.dir: " + open + " has mode 0777"},
		{"issuer", "-keys=" + filepath.Join(s.Dir, "nowhere"), "keys"},
		{"issuer", "-face_check.provider=none", "face_check.provider"},
		{"issuer", "-kafka.retention=1h", "kafka.retention"},
		{"issuer", "-key_lead=25h", "key_lead"},
		{"issuer", "-trusted_proxies=everybody", "trusted_proxies"},
		{"issuer", "-residents.provider=http", "residents.http.service.url"},
	} {
		out, err := s.run(c.binary, "-config", files[c.binary], c.flag)
		if err == nil || !strings.Contains(out, c.field) {
			t.Errorf("%s %s: %v, and its output does not name the field: %s", c.binary, c.flag, err, out)
		}
	}
	for binary, file := range files {
		if out, err := s.run(binary, "-config", file, "-check"); err != nil {
			t.Errorf("%s -check rejects correct settings: %v %s", binary, err, out)
		}
	}
}

// load runs the load test's binary and fails on a wrong verdict. A late load generator on this
// machine (exit code 3) is not a failure.
func (s *system) load(args ...string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, s.Binary("loadtest"), append([]string{"-target", s.target()}, args...)...).CombinedOutput()
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
