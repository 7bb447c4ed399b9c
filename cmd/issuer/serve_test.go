package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
)

// After SIGTERM /readyz answers 503 first, and requests are served during drain_delay.
func TestIssuerDrainsBeforeItStops(t *testing.T) {
	h := newHarness(t)
	h.flags = []string{"-drain_delay", "3s"}
	stop := h.startReady()
	ended := make(chan struct{})
	go func() { stop(); close(ended) }()
	runtest.Eventually(t, timeout, "/readyz to answer 503", func() bool {
		status, _ := h.call("GET", "/readyz", "", "")
		return status == http.StatusServiceUnavailable
	})
	if status, answer := h.call("GET", "/v1/privacy-policy", "", ""); status != http.StatusOK {
		t.Errorf("a request while the issuer drains: %d %s", status, answer)
	}
	<-ended
	if status, _ := h.call("GET", "/healthz", "", ""); status != 0 {
		t.Errorf("the stopped issuer answers %d", status)
	}
}

// A running issuer reports that its topic was deleted, and creates it again. A command
// run meanwhile reaches a gateway that starts afterwards.
func TestLostTopicIsCreatedAgain(t *testing.T) {
	h := newHarness(t)
	h.startReady()
	if status, answer := h.readiness(); status != http.StatusOK || answer != "{\"ready\":true,\"waiting\":[]}" {
		t.Fatalf("/readyz before the fault: %d %s", status, answer)
	}
	runtest.Must(t, h.broker.Cluster.DeleteTopic(h.config.Kafka.Topic))
	subject, now := tokens.Subject{1, 2, 3, 4, 5, 6, 7, 8}, time.Now()
	done := make(chan error, 1)
	go func() {
		_, err := h.runCommand("-by", "night-shift", "-revoke-subject", "0102030405060708", "-before", now.Format(time.RFC3339))
		done <- err
	}()
	runtest.Eventually(t, timeout, "/readyz to report that publishing fails", func() bool {
		status, answer := h.readiness()
		return status == http.StatusOK && strings.Contains(answer, "publishing to the control topic has failed since 20")
	})
	runtest.Eventually(t, timeout, "/readyz to report no cause", func() bool {
		_, answer := h.readiness()
		return answer == "{\"ready\":true,\"waiting\":[]}"
	})
	runtest.Must(t, <-done)
	runtest.Eventually(t, timeout, "the revocation at a gateway", func() bool { return h.gateway().Cutoff(subject) == now.Unix() })
}
