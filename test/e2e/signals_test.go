package e2e

import (
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/railgate/railgate/test/runtest"
)

// SIGHUP ends neither the issuer nor a gateway. Both say that it is ignored.
func TestAHangupEndsNothing(t *testing.T) {
	s := newStation(t)
	issuer, gateway := s.startIssuer(), s.startGateway()
	awaitReady(t, s.issuerURL)
	awaitReady(t, s.gatewayURL)
	for _, p := range []*process{issuer, gateway} {
		for range 2 {
			if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
		}
		runtest.Eventually(t, patience, "a line about SIGHUP", func() bool {
			return strings.Contains(p.log.String(), "SIGHUP is ignored")
		})
	}
	if status := get(s.issuerURL + "/readyz"); status != http.StatusOK {
		t.Errorf("the issuer answers %d", status)
	}
	if status := get(s.gatewayURL + "/readyz"); status != http.StatusOK {
		t.Errorf("the gateway answers %d", status)
	}
	// The gateway looks at its state now and then, so this line may come after the answer.
	runtest.Eventually(t, patience, "a line about readiness", func() bool {
		return strings.Contains(gateway.log.String(), `"msg":"ready"`)
	})
	// SIGTERM ends both in order, and the log says so.
	gateway.stop()
	issuer.stop()
	for name, p := range map[string]struct {
		*process
		want []string
	}{
		"gateway": {gateway, []string{`"msg":"ready"`, `"msg":"stopping`, `"msg":"stopped"`}},
		"issuer":  {issuer, []string{`"msg":"publishing began"`, `"msg":"stopping`, `"msg":"stopped"`}},
	} {
		rest, found := p.log.String(), true
		for _, line := range p.want {
			if _, rest, found = strings.Cut(rest, line); !found {
				t.Errorf("the %s's log lacks %s, or has it in another place", name, line)
				break
			}
		}
	}
}
