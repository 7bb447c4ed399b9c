package e2e

import (
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/railgate/railgate/test/harness/process"
	"github.com/railgate/railgate/test/harness/runtest"
)

// SIGHUP ends neither the issuer nor a gateway. Both log that it is ignored.
func TestHangupIsIgnored(t *testing.T) {
	s := newSystem(t)
	issuer, gateway := s.startIssuer(), s.startGateway()
	s.ready(s.issuer, s.gateway)
	for _, p := range []*process.Process{issuer, gateway} {
		for range 2 {
			if err := p.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
		}
		runtest.Eventually(t, patience, "a line about SIGHUP", func() bool {
			return strings.Contains(p.Log(), "SIGHUP is ignored")
		})
	}
	if status, _ := get(s.issuer.URL + "/readyz"); status != http.StatusOK {
		t.Errorf("the issuer answers %d", status)
	}
	if status, _ := get(s.gateway.URL + "/readyz"); status != http.StatusOK {
		t.Errorf("the gateway answers %d", status)
	}
	// The gateway checks its state periodically, so this line may come after the answer.
	runtest.Eventually(t, patience, "a line about readiness", func() bool {
		return strings.Contains(gateway.Log(), `"msg":"ready"`)
	})
	// SIGTERM stops both in order, and the log shows it.
	s.stop(gateway)
	s.stop(issuer)
	for name, p := range map[string]struct {
		*process.Process
		want []string
	}{
		"gateway": {gateway, []string{`"msg":"ready"`, `"msg":"stopping`, `"msg":"stopped"`}},
		"issuer":  {issuer, []string{`"msg":"publishing began"`, `"msg":"stopping`, `"msg":"stopped"`}},
	} {
		rest, found := p.Log(), true
		for _, line := range p.want {
			if _, rest, found = strings.Cut(rest, line); !found {
				t.Errorf("the %s's log lacks %s, or has it in another order", name, line)
				break
			}
		}
	}
}
